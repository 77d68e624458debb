// SPDX-License-Identifier: Apache-2.0
// The compare page: two pictures are uploaded, compared by the documented calls, and looked at.
import { byId, send, svg, takeFiles, upload, verdictWords } from "/site.mjs";

const chosen = { a: null, b: null };
let current = -1;

function choose(slot, file) {
  if (!file) return;
  chosen[slot] = file;
  byId(`name-${slot}`).textContent = file.name;
  byId("compare").disabled = !(chosen.a && chosen.b);
}

function drawBoxes(result, width, height) {
  for (const boxes of document.querySelectorAll(".boxes")) {
    boxes.setAttribute("viewBox", `0 0 ${width} ${height}`);
    boxes.replaceChildren(...result.regions.map((r, i) => {
      const g = svg("g", { "data-region": i });
      const [x, y, w, h] = r.box;
      const place = { x, y, width: w, height: h };
      const size = Math.max(width, height) / 40;
      g.append(svg("rect", place), svg("rect", place),
        svg("text", { x, y: Math.max(y - size / 4, size), "font-size": size, "stroke-width": size / 6 }, String(r.id)));
      return g;
    }));
  }
}

function listRegions(result) {
  byId("no-regions").hidden = result.regions.length > 0;
  byId("regions").replaceChildren(...result.regions.map((r, i) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `${r.kind}, ${r.box[2]} x ${r.box[3]} px at ${r.box[0]}, ${r.box[1]}, severity ${r.severity.toFixed(2)}`;
    button.addEventListener("click", () => show(i));
    item.append(button);
    return item;
  }));
}

// Marks one region everywhere.
function show(i) {
  current = i;
  for (const g of document.querySelectorAll("[data-region]")) g.classList.toggle("chosen", Number(g.dataset.region) === i);
  byId("regions").querySelectorAll("button").forEach((b, k) => b.setAttribute("aria-current", String(k === i)));
  byId("regions").querySelectorAll("button")[i]?.focus({ preventScroll: true });
}

function setMode(mode) {
  byId("view").dataset.mode = mode;
  for (const b of document.querySelectorAll("[data-mode][aria-pressed]")) b.setAttribute("aria-pressed", String(b.dataset.mode === mode));
  byId("slider-row").hidden = mode !== "swipe" && mode !== "onion";
  blend();
}

function blend() {
  const mode = byId("view").dataset.mode;
  const share = byId("slider").value;
  const photo = byId("figure-b");
  photo.style.clipPath = mode === "swipe" ? `inset(0 ${100 - share}% 0 0)` : "";
  photo.style.opacity = mode === "onion" ? String(share / 100) : "";
}

function showResult(result, location) {
  byId("verdict").textContent = `${verdictWords[result.verdict]}  (score ${result.score.toFixed(3)})`;
  byId("reasons").replaceChildren(...result.reasons.map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }));
  for (const [id, name] of [["a", "reference"], ["b", "aligned"], ["heat", "heat"]]) byId(`image-${id}`).src = `${location}/${name}`;
  const [a, b] = result.inputs;
  drawBoxes(result, a.width, a.height);
  listRegions(result);
  byId("curl").textContent = [
    `curl -F file=@A ${window.location.origin}/api/v1/images`,
    `curl -F file=@B ${window.location.origin}/api/v1/images`,
    `curl -H 'Content-Type: application/json' -d '{"a": "${a.sha256}", "b": "${b.sha256}"}' ${window.location.origin}/api/v1/compare`,
  ].join("\n");
  current = -1;
  byId("result").hidden = false;
  setMode("side");
  byId("verdict").focus();
}

async function compare() {
  const status = byId("status");
  byId("compare").disabled = true;
  try {
    status.textContent = "Uploading.";
    const [a, b] = await Promise.all([upload(chosen.a), upload(chosen.b)]);
    status.textContent = "Comparing.";
    const { body, headers } = await send("POST", "/api/v1/compare", { a: a.id, b: b.id, pictures: true });
    showResult(body, headers.get("Location"));
    status.textContent = "";
  } catch (error) {
    byId("result").hidden = true;
    status.textContent = `That did not work: ${error.message}`;
  }
  byId("compare").disabled = false;
}

for (const slot of ["a", "b"]) byId(`file-${slot}`).addEventListener("change", (event) => choose(slot, event.target.files[0]));
byId("choose").addEventListener("submit", (event) => {
  event.preventDefault();
  compare();
});
takeFiles(byId("choose"), (files) => {
  if (files.length >= 2) {
    choose("a", files[0]);
    choose("b", files[1]);
  } else {
    choose(chosen.a && !chosen.b ? "b" : "a", files[0]);
  }
  if (chosen.a && chosen.b) compare();
});
byId("modes").addEventListener("click", (event) => event.target.dataset.mode && setMode(event.target.dataset.mode));
byId("slider").addEventListener("input", blend);
document.addEventListener("keydown", (event) => {
  if (byId("result").hidden || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input")) return;
  const count = byId("regions").children.length;
  const mode = { 1: "side", 2: "swipe", 3: "onion", 4: "heat" }[event.key];
  if (mode) setMode(mode);
  else if (event.key === "n" && count) show((current + 1) % count);
  else if (event.key === "p" && count) show(current > 0 ? current - 1 : count - 1);
});
