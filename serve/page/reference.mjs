// SPDX-License-Identifier: Apache-2.0
// One reference: its picture with the areas that are left out, its versions, and changes of it, each a new version. Its address names
// it: /references/ID. What is changed is the state that is shown; if it is another by then, the service says so.
import { byId, call, facts, node, send, upload } from "/site.mjs";
import { maskEditor } from "/mask_editor.mjs";
import { pictureOf, reasonsOf, starsOf, tagsOf } from "/reference_parts.mjs";

const id = decodeURIComponent(location.pathname.split("/")[2]);
const api = `/api/v1/references/${encodeURIComponent(id)}`;
let reference = null, etag = "", shownPicture = "";

const time = (text) => node("time", { datetime: text }, new Date(text).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }));
const areasOf = (r) => r.ignore.map(({ points }) => points.flatMap((v, i) => i % 2 ? [] : [[v / r.width, points[i + 1] / r.height]]))
  .map((area) => area.map((point) => point.map((v) => Math.round(v * 10000) / 10000)));

const mask = maskEditor({ alt: "the reference, on which areas are drawn", changed: () => {
  byId("save-mask").disabled = false;
  byId("mask-said").textContent = "Not saved yet.";
} });

function show(r) {
  byId("title").textContent = r.name || r.id;
  document.title = `likeness: ${r.name || r.id}`;
  byId("retired").hidden = !r.removed;
  byId("retiring").hidden = r.removed;
  byId("facts").replaceWith(Object.assign(facts([
    ["Number", r.id], ["Version", String(r.version)], ["Tags", r.tags.length ? node("span", { class: "tags" }, r.tags.map((tag) => node("a", { class: "tag", href: `/references#tag=${encodeURIComponent(tag)}` }, tag))) : "none"],
    ["Quality", starsOf(r.star)], ["Size", `${r.width} × ${r.height} pixels`], ["Added", time(r.added)], ["By", r.actor], ["Note", r.note], ["SHA-256", node("code", {}, r.sha256)],
  ]), { id: "facts" }));
  byId("reasons").replaceChildren(...(r.star?.reasons?.length ? [reasonsOf(r.star.reasons)] : []));
  const picture = pictureOf(r, 1200);
  if (picture !== shownPicture) mask.picture(picture);
  shownPicture = picture;
  mask.set(areasOf(r));
  byId("save-mask").disabled = true;
  byId("name").value = r.name;
  byId("tags").value = r.tags.join(", ");
  byId("whole").hidden = false;
}

const compareWith = (v) => `/compare?a=${encodeURIComponent(`reference:${v.id}@${v.version}`)}&b=${encodeURIComponent(`reference:${v.id}@${reference.version}`)}`;

function showVersions(versions) {
  byId("versions").replaceChildren(...versions.reverse().map((v) => node("tr", {}, node("th", { scope: "row" }, `Version ${v.version}`), node("td", {}, time(v.added)),
    node("td", {}, `${v.actor}${v.note ? `: ${v.note}` : ""}`, node("br"), node("span", { class: "hint" }, `${v.ignore.length === 1 ? "1 area" : `${v.ignore.length} areas`} left out; ${v.tags.join(", ") || "no tags"}`)),
    node("td", {}, node("img", { class: "thumb", src: pictureOf(v, 160), alt: `version ${v.version}`, loading: "lazy" })),
    node("td", {}, v.version !== reference.version && v.sha256 !== reference.sha256 ? node("a", { class: "touch", href: compareWith(v) }, `Compare with version ${reference.version}`)
      : v.version === reference.version ? "the newest" : "the same picture"))));
}

async function load() {
  const { body, headers } = await call(api);
  [reference, etag] = [body, headers.get("ETag")];
  show(body);
  showVersions((await call(`${api}/versions`)).body.versions);
}

async function change(place, button, act) {
  button.disabled = true;
  byId(place).textContent = "Saving.";
  try {
    const words = await act();
    await load();
    byId(place).textContent = words;
    button.disabled = button.id === "save-mask";
  } catch (error) {
    byId(place).textContent = error.status === 412 ? "Somebody else has changed it since: load this page again." : `That did not work: ${error.message}`;
    button.disabled = false;
  }
}

const patch = async (body) => {
  const answer = await send("PATCH", api, body, { "If-Match": etag });
  return `Saved as version ${answer.body.version}.`;
};

byId("mask-place").append(mask);
byId("save-mask").addEventListener("click", (event) => change("mask-said", event.target, async () => {
  const words = await patch({ ignore: mask.texts(), ...(byId("mask-note").value ? { note: byId("mask-note").value } : {}) });
  byId("mask-note").value = "";
  return words;
}));
byId("change").addEventListener("submit", (event) => {
  event.preventDefault();
  change("change-said", event.submitter, async () => {
    const file = byId("file").files[0];
    const words = await patch({ name: byId("name").value, tags: tagsOf(byId("tags").value), ...(byId("note").value ? { note: byId("note").value } : {}), ...(file ? { image: (await upload(file)).id } : {}) });
    byId("file").value = byId("note").value = "";
    return words;
  });
});
byId("retire").addEventListener("submit", (event) => {
  event.preventDefault();
  change("retire-said", event.submitter, async () => {
    await call(`${api}?note=${encodeURIComponent(byId("retire-note").value)}`, { method: "DELETE", headers: { "If-Match": etag } });
    byId("title").focus();
    return "It is out of use.";
  });
});
byId("curl").textContent = [`curl ${location.origin}${api}`, `curl ${location.origin}${api}/versions`, `curl ${location.origin}${api}/picture -o picture.png`].join("\n");
load().catch((error) => {
  byId("problem").textContent = `That did not work: ${error.message}`;
  byId("problem").hidden = false;
});
