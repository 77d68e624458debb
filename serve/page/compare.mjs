// SPDX-License-Identifier: Apache-2.0
// The compare page: two pictures are uploaded, compared by the documented calls, and looked at. /compare?id=ID shows a comparison
// that the service still keeps; ?a=ID&b=ID begins with pictures that are there already.
import { bar, byId, call, facts, node, preview, remember, send, takeFiles, upload, verdictSymbol, verdictWords } from "/site.mjs";
import { showMeasures } from "/compare_measures.mjs";
import "/likeness_viewer.mjs";

const MEANINGS = {
  same: "Both pictures show the same thing.",
  different: "The pictures show different things.",
  "cannot-tell": "The evidence does not carry an answer either way.",
};
const viewer = byId("viewer");
const chosen = { a: null, b: null }; // a File, or { id, name } of what is there already
let shown = null; // the comparison that is looked at

// ---- choosing ----
function choose(slot, what) {
  if (!what) return;
  chosen[slot] = what;
  byId(`name-${slot}`).textContent = what.name;
  if (what instanceof File) preview(byId(`thumb-${slot}`), what);
  else byId(`thumb-${slot}`).hidden = true;
  byId("compare").disabled = !(chosen.a && chosen.b);
  byId("swap").disabled = !(chosen.a || chosen.b);
}

function swap() {
  [chosen.a, chosen.b] = [chosen.b, chosen.a];
  for (const slot of ["a", "b"]) {
    byId(`thumb-${slot}`).hidden = true;
    byId(`name-${slot}`).textContent = "none chosen";
    choose(slot, chosen[slot]);
  }
  byId("compare").disabled = !(chosen.a && chosen.b);
}

const idOf = async (what) => (what instanceof File ? (await upload(what)).id : what.id);

// ---- comparing ----
async function compare(ignore = []) {
  const status = byId("status");
  byId("compare").disabled = byId("again").disabled = true;
  try {
    status.textContent = "Uploading.";
    const [a, b] = await Promise.all([idOf(chosen.a), idOf(chosen.b)]);
    status.textContent = "Comparing.";
    const asked = { a, b, measures: byId("measures").value, align: byId("align").value, pictures: true };
    if (ignore.length) asked.ignore = ignore.map(String);
    const { headers } = await send("POST", "/api/v1/compare", asked);
    await show(headers.get("Location"));
    status.textContent = "";
    byId("verdict").focus({ preventScroll: true });
    byId("result").scrollIntoView();
  } catch (error) {
    byId("result").hidden = true;
    byId("chooser").open = true;
    status.textContent = `That did not work: ${error.message}`;
  }
  byId("compare").disabled = !(chosen.a && chosen.b);
  byId("again").disabled = false;
}

// ---- showing ----
async function show(location) {
  const { body } = await call(location),
    { result } = body;
  shown = { ...body, location };
  const { href } = Object.assign(new URL(window.location.href), { search: `?id=${body.id}` });
  history.replaceState(null, "", href);
  remember({ href, what: "compare", names: result.inputs.map((input) => input.path).join(" and "), verdict: result.verdict });
  byId("result").hidden = false;
  byId("chooser").open = false;
  showVerdict(result);
  showPictures(body, result, location);
  showMeasures(result);
  showRest(body, result, location);
}

function showVerdict(result) {
  byId("head").className = `verdict ${result.verdict}`;
  byId("verdict").replaceChildren(verdictSymbol(result.verdict), verdictWords[result.verdict]);
  byId("meaning").textContent = MEANINGS[result.verdict];
  byId("reasons").replaceChildren(...result.reasons.map((text) => node("li", {}, text)));
  byId("score").textContent = result.score.toFixed(3);
  byId("score-bar").replaceChildren(bar(result.score));
  byId("warnings").replaceChildren(...result.warnings.map(({ text }) => node("p", { class: "notice" }, text)));
}

function showPictures({ pictures, asked }, result, location) {
  const [a, b] = result.inputs,
    moved = result.alignment.model !== "none";
  viewer.show({
    frame: { width: a.width, height: a.height },
    photoSize: { width: b.width, height: b.height },
    pictures: Object.fromEntries(pictures.map((name) => [name, `${location}/${name}`])),
    regions: result.regions,
    homography: moved ? result.alignment.homography : null,
  });
  viewer.addAreas((asked.ignore ?? []).map((text) => text.split(",").map(Number)));
  byId("again-row").hidden = true;
}

function showRest(body, result, location) {
  byId("json").href = `${location}/result.json`;
  byId("report").href = `${location}/report.html`;
  byId("drawn").href = `${location}/differences`;
  byId("inputs").replaceChildren(
    ...result.inputs.map((input, i) =>
      node(
        "div",
        {},
        node("h3", {}, i === 0 ? "Reference" : "Photo"),
        facts([
          ["Name", input.path],
          ["Size", `${input.width} × ${input.height} px`],
          ["Format", input.format],
          ["SHA-256", node("code", {}, input.sha256)],
        ]),
      ),
    ),
  );
  const here = window.location.origin;
  byId("curl").textContent = [
    `curl -F file=@${quoted(result.inputs[0].path)} ${here}/api/v1/images`,
    `curl -F file=@${quoted(result.inputs[1].path)} ${here}/api/v1/images`,
    `curl -H 'Content-Type: application/json' -d '${JSON.stringify(body.asked)}' ${here}/api/v1/compare`,
    `curl -o report.html ${here}${location}/report.html`,
  ].join("\n");
}

// As a shell takes it.
const quoted = (text) => (/^[\w.@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

// ---- the buttons ----
async function copyLink() {
  try {
    await navigator.clipboard.writeText(window.location.href);
    byId("status").textContent = "The link is copied. It holds for as long as this service keeps the pictures.";
  } catch {
    byId("status").textContent = `The link: ${window.location.href}`;
  }
}

async function saveReference(event) {
  event.preventDefault();
  const problem = byId("save-problem"),
    [input] = shown.result.inputs;
  try {
    const name = byId("ref-name").value.trim();
    const { body } = await send("POST", "/api/v1/references", {
      id: byId("ref-id").value,
      image: input.sha256,
      ...(name && { name }),
    });
    byId("saving").close();
    byId("status").textContent = `Saved as ${body.id}@${body.version}.`;
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
}

for (const slot of ["a", "b"]) byId(`file-${slot}`).addEventListener("change", (event) => choose(slot, event.target.files[0]));
byId("camera-b").addEventListener("change", (event) => choose("b", event.target.files[0]));
byId("choose").addEventListener("submit", (event) => {
  event.preventDefault();
  compare();
});
byId("swap").addEventListener("click", swap);
byId("again").addEventListener("click", () => compare(viewer.areas));
byId("share").addEventListener("click", copyLink);
byId("save").addEventListener("click", () => {
  byId("save-problem").hidden = true;
  byId("ref-id").value = shown.result.inputs[0].path
    .replace(/\.\w+$/, "")
    .replace(/[^\w.-]+/g, "-")
    .replace(/^\.+/, "");
  byId("saving").showModal();
});
byId("save-form").addEventListener("submit", saveReference);
byId("save-cancel").addEventListener("click", () => byId("saving").close());
viewer.addEventListener("areas", () => {
  byId("again-row").hidden = false;
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

// ---- what the address asks for ----
async function begin() {
  const query = new URLSearchParams(window.location.search);
  if (query.has("id")) {
    try {
      await show(`/api/v1/comparisons/${encodeURIComponent(query.get("id"))}`);
      const [a, b] = shown.result.inputs;
      choose("a", { id: a.sha256, name: a.path });
      choose("b", { id: b.sha256, name: b.path });
    } catch {
      byId("status").textContent = "That comparison is no longer kept. Choose the two pictures again.";
    }
    return;
  }
  for (const slot of ["a", "b"]) {
    if (query.has(slot)) choose(slot, { id: query.get(slot), name: query.get(`${slot}-name`) ?? query.get(slot) });
  }
  if (chosen.a && chosen.b) compare();
}
begin();
