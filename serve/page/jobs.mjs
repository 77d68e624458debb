// SPDX-License-Identifier: Apache-2.0
// All jobs, live: how far each is, what it left, its log, and a button to cancel it.
import { byId, call, node, when } from "/site.mjs";
import { API, begin, cancel, fillCollections, follow, job, kindWords, progressWords, stateWords } from "/job_follow.mjs";

const pages = { duplicates: "/duplicates#", map: "/map/", training: "/training#" };
const rows = new Map();

function parts(j) {
  const out = [node("h2", { tabindex: "-1" }, `${kindWords[j.kind] ?? j.kind} of ${j.collection}`),
    node("p", {}, `Job ${j.id} ${stateWords[j.state]}`, j.created ? `, asked for ${when(j.created)}` : "", j.cancelled && j.state === "running" ? ", is being cancelled" : "")];
  if (j.state === "running" && j.progress) {
    out.push(node("progress", { max: j.progress.total || 1, value: j.progress.done, "aria-label": `progress of job ${j.id}` }),
      node("p", { class: "hint" }, progressWords(j.progress)));
  }
  if (j.failure) out.push(node("p", {}, "Failed: ", j.failure));
  const links = (j.files ?? []).map((f) => node("li", {}, node("a", { href: `${API}/jobs/${j.id}/files/${f.name}`, download: f.name }, f.name)));
  if (pages[j.kind]) links.unshift(node("li", {}, node("a", { href: pages[j.kind] + j.id }, "Show")));
  if (links.length) out.push(node("ul", { class: "links" }, ...links));
  if (["queued", "running"].includes(j.state)) {
    const stop = ({ target }) => {
      target.closest("li").querySelector("h2").focus(); // the button goes
      target.disabled = true;
      cancel(j.id).catch((e) => { byId("note").textContent = e.message; });
    };
    out.push(node("button", { type: "button", onclick: stop }, `Cancel job ${j.id}`));
  }
  const log = node("details", {}, node("summary", {}, `Log of job ${j.id}`));
  log.addEventListener("toggle", () => showLog(log, j.id), { once: true });
  out.push(log);
  return out;
}

function showLog(place, id) {
  const lines = node("ol", { class: "log" });
  place.append(lines);
  follow(id, (type, d) => {
    const text = type === "job.log" ? d.text : type === "job.state" ? stateWords[d.state] : "";
    if (text) lines.append(node("li", {}, text));
  });
}

// Whoever stood on something of the row stands there again; on its heading when that is gone.
function stand(row, text) {
  const same = [...row.querySelectorAll("a, button, summary")].find((element) => element.textContent === text && !element.disabled);
  (same ?? row.querySelector("h2")).focus();
}

function show(j) {
  const open = rows.get(j.id)?.querySelector("details[open]");
  if (open && j.state === "running") return; // somebody reads its log
  const row = rows.get(j.id) ?? node("li", {});
  const had = row.contains(document.activeElement) ? document.activeElement.textContent : null;
  row.replaceChildren(...parts(j));
  if (had) stand(row, had);
  if (!rows.has(j.id)) {
    rows.set(j.id, row);
    byId("jobs").prepend(row);
  }
  byId("none").hidden = true;
}

const refresh = (id) => job(id).then(show, () => {});

byId("index-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    show(await begin("indexes", { collection: byId("collection").value, keypoints: byId("keypoints").checked }));
    byId("note").textContent = "The job was begun.";
  } catch (error) {
    byId("note").textContent = error.message;
  }
});

await fillCollections(byId("collection"), byId("note"));
const { body } = await call(`${API}/jobs?limit=50`);
for (const j of body.jobs.reverse()) {
  show(j);
  if (j.state === "done") refresh(j.id);
}
const news = new EventSource(`${API}/events`);
for (const type of ["job.state", "job.progress"]) news.addEventListener(type, (event) => refresh(JSON.parse(event.data).job));
