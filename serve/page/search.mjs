// SPDX-License-Identifier: Apache-2.0
// What is like a picture: in a collection, or among the stored originals. /search?image=ID&name=NAME&in=COLLECTION&by=WAY&k=N is a
// search that can be gone back to while the picture is there.
import { bar, byId, call, node, preview, send, takeFiles, upload } from "/site.mjs";

const API = "/api/v1";
const query = new URLSearchParams(window.location.search);
let image = query.has("image") ? { id: query.get("image"), name: query.get("name") ?? query.get("image") } : null;

const fileName = (path) => path.slice(path.lastIndexOf("/") + 1);
const folderOf = (path) => path.slice(0, path.lastIndexOf("/"));
// What spoke for it.
const why = (hit) => [
  hit.inliers > 0 && `${hit.inliers} keypoints agree on one place${hit.mirrored ? ", mirrored" : ""}`, hit.cosine !== undefined && `cosine ${hit.cosine.toFixed(3)}`,
  hit.hash_bits !== undefined && `${hit.hash_bits} of 256 bits differ`, hit.by === "wavelet" && `distance ${hit.distance.toFixed(3)}`,
].filter(Boolean).join(" · ");
const pictureOf = (hit, where) => where ? `${API}/collections/${encodeURIComponent(where)}/pictures/${hit.id}` : `${API}/references/${encodeURIComponent(hit.id)}/picture`;

function hitCard(hit, where) {
  const picture = pictureOf(hit, where), name = where ? fileName(hit.path) : hit.name || hit.id;
  return node("li", {},
    node("a", { class: "look", href: where ? `${picture}?side=1600` : `/references/${encodeURIComponent(hit.id)}` },
      node("img", { src: where ? `${picture}/thumb` : `${picture}?w=240`, alt: name, loading: "lazy" })),
    node("p", { class: "score" }, node("span", { class: "number" }, hit.score.toFixed(3)), bar(hit.score)),
    node("p", {}, node("strong", {}, name)),
    node("p", { class: "hint" }, where && `${folderOf(hit.path)}, `, `${hit.width} × ${hit.height}`),
    node("p", { class: "hint" }, why(hit)),
    !where && node("p", {}, node("a", { class: "button", href: `/verify?${new URLSearchParams({ reference: hit.id, photo: image.id, "photo-name": image.name })}` }, `Verify against ${hit.id}`)));
}

function showHits(body, asked) {
  const where = asked.collection ?? "", among = `${body.searched.toLocaleString("en")} ${where ? `pictures of ${where}` : "originals"}`;
  byId("summary").textContent = body.hits.length
    ? `${body.hits.length} like ${image.name}, among ${among}` : `Nothing is like ${image.name} among ${among}`;
  byId("hits").replaceChildren(...body.hits.map((hit) => hitCard(hit, where)));
  byId("curl").textContent = `curl -H 'Content-Type: application/json' -d '${JSON.stringify(asked)}' ${location.origin}${API}/search`;
  byId("result").hidden = false;
  byId("summary").focus();
}

function keepAddress() {
  const names = { image: image.id, name: image.name, in: byId("where").value, by: byId("by").value, k: byId("k").value };
  history.replaceState(null, "", `/search?${new URLSearchParams(names)}`);
}

async function indexed(collection, error) {
  if (error.code !== "not-indexed") throw error;
  byId("status").replaceChildren(`${collection} is not indexed yet. `, node("a", { href: "/jobs" }, "Make its index"));
}

let turn = 0;
async function search() {
  if (!image) return;
  const mine = ++turn, collection = byId("where").value;
  byId("by-field").hidden = !collection;
  const asked = { image: image.id, k: Number(byId("k").value), ...(collection && { collection, by: byId("by").value }) };
  byId("result").hidden = true;
  byId("status").textContent = "Searching.";
  try {
    const { body } = await send("POST", `${API}/search`, asked);
    if (mine !== turn) return;
    byId("status").textContent = "";
    keepAddress();
    showHits(body, asked);
  } catch (error) {
    if (mine === turn) await indexed(collection, error).catch((other) => { byId("status").textContent = `That did not work: ${other.message}`; });
  }
}

// The most probable classes, where a model that tells them is installed.
let classifies = false;
async function showClasses() {
  const mine = image.id;
  byId("shows").hidden = true;
  if (!classifies) return;
  const { body } = await send("POST", `${API}/classify`, { image: mine, top: 3 });
  if (mine !== image.id) return;
  byId("shows").textContent = "It seems to show: " + body.results[0].top.map((c) => `${c.label.split(",")[0] || `class ${c.index}`} (${(100 * c.probability).toFixed(0)} %)`).join(", ") + ".";
  byId("shows").hidden = false;
}

async function take(file) {
  if (!file) return;
  preview(byId("thumb"), file, 480);
  byId("status").textContent = "Uploading.";
  try {
    const { id } = await upload(file);
    image = { id, name: file.name };
    await search();
    await showClasses();
  } catch (error) {
    byId("status").textContent = `That did not work: ${error.message}`;
  }
}

async function start() {
  const [{ body }, { body: models }] = await Promise.all([call(`${API}/collections`), call(`${API}/models`)]);
  classifies = models.models.some((m) => m.installed && m.classes > 0);
  byId("where").append(...body.collections.map((c) => node("option", { value: c.name }, c.indexed ? `${c.name} (${c.pictures.toLocaleString("en")} pictures)` : `${c.name} (not indexed yet)`)));
  const first = body.collections.find((c) => c.indexed)?.name ?? "";
  byId("where").value = query.get("in") ?? first;
  for (const name of ["by", "k"]) if (query.has(name)) byId(name).value = query.get(name);
  byId("by-field").hidden = !byId("where").value;
  if (!image) return;
  const answer = await fetch(`${API}/images/${encodeURIComponent(image.id)}?w=480`);
  if (answer.ok) preview(byId("thumb"), await answer.blob(), 480);
  await search();
  await showClasses();
}

byId("ask").addEventListener("submit", (event) => event.preventDefault());
byId("file").addEventListener("change", (event) => take(event.target.files[0]));
for (const id of ["where", "by", "k"]) {
  byId(id).addEventListener("change", () => {
    byId("by-field").hidden = !byId("where").value;
    search();
  });
}
takeFiles(byId("ask"), (files) => take(files[0]));
start().catch((error) => { byId("status").textContent = error.message; });
