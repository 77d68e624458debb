// SPDX-License-Identifier: Apache-2.0
// A training: begun, its curves as they grow, stopped; at the end its network to take along.
import { byId, node, svg } from "/site.mjs";
import { API, begin, fillCollections, job, watch } from "/job_follow.mjs";

const W = 560, H = 220, LEFT = 52, BOTTOM = 28;
let epochs = [], stopListening = () => {};

// One line over the epochs; words for whoever does not see it.
function curve(values, low, high, words) {
  const last = Math.max(values.length, 2), span = high - low || 1;
  const x = (i) => LEFT + (W - LEFT - 10) * (i / (last - 1)), y = (v) => 10 + (H - BOTTOM - 10) * (1 - (v - low) / span);
  const points = values.map((v, i) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`).join(" ");
  const label = (v) => svg("text", { x: LEFT - 6, y: y(v) + 5, "text-anchor": "end" }, document.createTextNode(v.toPrecision(3)));
  return svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": words, class: "curve" },
    ...[low, (low + high) / 2, high].flatMap((v) => [svg("line", { x1: LEFT, x2: W - 10, y1: y(v), y2: y(v) }), label(v)]),
    svg("text", { x: LEFT, y: H - 6 }, document.createTextNode("epoch 1")),
    svg("text", { x: W - 10, y: H - 6, "text-anchor": "end" }, document.createTextNode(String(last))),
    svg("polyline", { points }), ...values.slice(-1).map((v) => svg("circle", { cx: x(values.length - 1), cy: y(v), r: 4 })));
}

function draw() {
  const losses = epochs.map((e) => e.loss), recalls = epochs.filter((e) => e.validation).map((e) => e.validation.recall_1[0]);
  const last = epochs.at(-1);
  byId("loss").replaceChildren(curve(losses, Math.min(0, ...losses), Math.max(...losses), `loss, ${losses.length} epochs, at last ${last.loss.toPrecision(3)}`));
  byId("recall").replaceChildren(recalls.length
    ? curve(recalls, 0, 1, `recall at 1, at last ${recalls.at(-1).toFixed(3)}`) : node("p", {}, "Nothing was measured yet."));
}

function hear(t) {
  byId("course").hidden = false;
  byId("about").textContent = `${t.pictures} pictures of ${t.classes} classes to learn from, ${t.held_back} held back; ${(t.parameters / 1e6).toFixed(2)} million weights.`
    + (t.leaks ? ` ${t.leaks} held back are near duplicates of pictures learnt from, and are not measured on.` : "");
  if (t.event !== "epoch") return;
  epochs.push(t);
  byId("rows").append(node("tr", {}, node("th", { scope: "row" }, String(t.epoch)), node("td", {}, t.loss.toPrecision(4)),
    node("td", {}, t.validation ? t.validation.recall_1[0].toFixed(3) : ""), node("td", {}, t.rate.toPrecision(3))));
  draw();
}

async function open(id) {
  stopListening();
  epochs = [];
  byId("rows").replaceChildren();
  byId("files").replaceChildren();
  try {
    await job(id);
    stopListening = watch(id, { epoch: hear, ended: async () => {
      const { files } = await job(id);
      byId("files").replaceChildren(...files.map((f) => node("li", {}, node("a", { href: `${API}/jobs/${id}/files/${f.name}`, download: f.name }, f.name))));
    } });
  } catch (error) {
    byId("note").textContent = error.message;
  }
}

byId("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("note").textContent = "";
  try {
    const j = await begin("trainings", { collection: byId("collection").value, kind: byId("kind").value, labels: byId("labels").value,
      epochs: Number(byId("epochs").value), size: Number(byId("size").value), batch: Number(byId("batch").value) });
    location.hash = j.id;
  } catch (error) {
    byId("note").textContent = error.message;
  }
});
addEventListener("hashchange", () => open(location.hash.slice(1)));
fillCollections(byId("collection"), byId("note")).catch((error) => { byId("note").textContent = error.message; });
if (location.hash) open(location.hash.slice(1));
