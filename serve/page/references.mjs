// SPDX-License-Identifier: Apache-2.0
// The catalogue of references: searched, shown as a grid or a list, and added to.
import { byId, call, node, send, takeFiles, upload } from "/site.mjs";
import { maskEditor } from "/mask_editor.mjs";
import { pictureOf, reasonsOf, starsOf, tagsOf } from "/reference_parts.mjs";

const PAGE = 48;
let shown = [], next = null, shape = "grid", image = null, mask = null;

// ---- the list ----
const pageOf = (r) => `/references/${encodeURIComponent(r.id)}`;
const tagLinks = (r) => r.tags.map((tag) => node("button", { type: "button", class: "tag", onclick: () => { byId("tag").value = tag; find(); } }, tag));

function grid() {
  return node("ul", { class: "pictures", "aria-label": "references" }, shown.map((r) => node("li", { class: `picture-card${r.removed ? " old" : ""}` },
    node("img", { src: pictureOf(r, 480), alt: "", loading: "lazy" }),
    node("div", {}, node("a", { class: "name", href: pageOf(r) }, r.name || r.id),
      node("p", {}, `${r.id} · version ${r.version}${r.removed ? " · out of use" : ""}`), node("p", {}, starsOf(r.star)),
      r.tags.length > 0 && node("p", { class: "tags" }, tagLinks(r))))));
}

function list() {
  return node("div", { class: "scroll" }, node("table", { class: "event-list" }, node("caption", {}, "References, by number"),
    node("thead", {}, node("tr", {}, ["Number", "Name", "Version", "Tags", "Quality"].map((t) => node("th", { scope: "col" }, t)))),
    node("tbody", {}, shown.map((r) => node("tr", {}, node("th", { scope: "row" }, node("a", { class: "touch", href: pageOf(r) }, r.id)),
      node("td", {}, r.name), node("td", {}, `version ${r.version}${r.removed ? ", out of use" : ""}`), node("td", {}, tagLinks(r)), node("td", {}, starsOf(r.star)))))));
}

const show = () => byId("found").replaceChildren(shown.length ? (shape === "grid" ? grid() : list()) : "");

function query(cursor) {
  const asked = new URLSearchParams({ limit: PAGE });
  if (byId("q").value.trim()) asked.set("q", byId("q").value.trim());
  if (byId("tag").value.trim()) asked.set("tag", byId("tag").value.trim());
  if (byId("removed").checked) asked.set("removed", "true");
  if (cursor) asked.set("cursor", cursor);
  return `/api/v1/references?${asked}`;
}

async function find(more = false) {
  try {
    const { body } = await call(query(more ? next : null));
    shown = more ? [...shown, ...body.references] : body.references;
    next = body.next ?? null;
    byId("summary").textContent = shown.length === 0 ? "No reference fits." : `${shown.length} ${shown.length === 1 ? "reference" : "references"}${next ? " so far" : ""}.`;
    byId("more").hidden = !next;
    byId("curl").textContent = `curl '${location.origin}${query(null)}'`;
    const hash = new URLSearchParams([["q", byId("q").value], ["tag", byId("tag").value], ["shape", shape === "grid" ? "" : shape], ["removed", byId("removed").checked ? "true" : ""]].filter(([, v]) => v));
    history.replaceState(null, "", hash.size ? `#${hash}` : location.pathname);
    show();
    byId("problem").hidden = true;
  } catch (error) {
    byId("problem").textContent = `That did not work: ${error.message}`;
    byId("problem").hidden = false;
  }
}

function setShape(name) {
  shape = name;
  for (const b of byId("shapes").children) b.setAttribute("aria-pressed", String(b.dataset.shape === name));
  show();
}

function readAddress() {
  const hash = new URLSearchParams(location.hash.slice(1));
  byId("q").value = hash.get("q") ?? "";
  byId("tag").value = hash.get("tag") ?? "";
  byId("removed").checked = hash.get("removed") === "true";
  if (hash.get("shape") === "list") setShape("list");
}

// ---- adding one ----
function openWizard(open) {
  byId("wizard").hidden = !open;
  byId("catalogue").hidden = open;
  byId("add").setAttribute("aria-expanded", String(open));
  (open ? byId("wizard-title") : byId("add")).focus();
}

const numberFrom = (name) => name.replace(/\.[^.]*$/, "").normalize("NFKD").replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+|-+$/g, "").toLowerCase().slice(0, 128);

async function choose(file) {
  if (!file) return;
  byId("said").textContent = "Uploading.";
  byId("save").disabled = true;
  try {
    image = (await upload(file)).id;
    if (!byId("id").value) byId("id").value = numberFrom(file.name);
    mask ??= maskEditor({ alt: "the picture, on which areas are drawn" });
    mask.set([]);
    mask.picture(`/api/v1/images/${image}?w=1200`);
    byId("mask-place").replaceChildren(mask);
    const { body } = await call(`/api/v1/images/${image}/quality`);
    byId("quality").replaceChildren(node("p", {}, node("strong", {}, "Is this a good reference? "), starsOf({ value: body.stars / 5 })), reasonsOf(body.reasons));
    byId("said").textContent = "";
    byId("save").disabled = false;
  } catch (error) {
    byId("said").textContent = `That did not work: ${error.message}`;
  }
}

async function save() {
  byId("save").disabled = true;
  byId("said").textContent = "Saving.";
  try {
    const { body } = await send("POST", "/api/v1/references", {
      id: byId("id").value, image, tags: tagsOf(byId("tags").value), ignore: mask.texts(), note: byId("note").value,
      ...(byId("name").value ? { name: byId("name").value } : {}), ...(byId("actor").value ? { actor: byId("actor").value } : {}),
    });
    location.assign(pageOf(body));
  } catch (error) {
    byId("said").textContent = `That did not work: ${error.message}`;
    byId("save").disabled = false;
  }
}

byId("add").addEventListener("click", () => openWizard(byId("wizard").hidden));
byId("cancel").addEventListener("click", () => openWizard(false));
byId("file").addEventListener("change", (event) => choose(event.target.files[0]));
byId("photo").addEventListener("change", (event) => choose(event.target.files[0]));
takeFiles(byId("new"), ([file]) => {
  if (byId("wizard").hidden) openWizard(true);
  choose(file);
});
byId("new").addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
byId("find").addEventListener("submit", (event) => {
  event.preventDefault();
  find();
});
byId("removed").addEventListener("change", () => find());
byId("more").addEventListener("click", () => find(true));
byId("shapes").addEventListener("click", (event) => {
  if (!event.target.dataset.shape) return;
  setShape(event.target.dataset.shape);
  find();
});
readAddress();
find();
