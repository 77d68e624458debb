// SPDX-License-Identifier: Apache-2.0
// The verify page: an original of the store, or the search for it, and a photo; the answer is a page of its own.
// /verify?reference=ID&photo=ID begins with them.
import { byId, call, node, preview, remember, send, takeFiles, upload } from "/site.mjs";

const SHOWN = 12;
const query = new URLSearchParams(window.location.search);
let photo = null; // a File, or { id, name } of what is there already
let key = null; // of the request that was sent and not answered yet: it may be sent again

const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

function choose(what) {
  if (!what) return;
  photo = what;
  key = null;
  byId("name").textContent = what.name;
  if (what instanceof File) preview(byId("thumb"), what);
  byId("verify").disabled = false;
}

function choice(reference, checked) {
  const words = [reference.name !== reference.id && reference.name, `version ${reference.version}`, reference.tags.join(", ")]
    .filter(Boolean)
    .join(" · ");
  return node(
    "li",
    {},
    node(
      "label",
      { class: "choice" },
      node("input", { type: "radio", name: "reference", value: reference.id, checked }),
      node("img", { src: `/api/v1/references/${encodeURIComponent(reference.id)}/picture?w=160`, alt: "", loading: "lazy" }),
      node("span", {}, node("strong", {}, reference.id), node("span", { class: "hint" }, words)),
    ),
  );
}

let asked = 0;
async function list(text) {
  const turn = ++asked,
    chosen = document.querySelector("input[name=reference]:checked").value || query.get("reference") || "";
  const { body } = await call(`/api/v1/references?limit=${SHOWN}${text ? `&q=${encodeURIComponent(text)}` : ""}`);
  if (turn !== asked) return;
  const [find] = byId("choices").children;
  const items = body.references.map((reference) => choice(reference, reference.id === chosen));
  byId("choices").replaceChildren(find, ...items);
  if (!document.querySelector("input[name=reference]:checked")) find.querySelector("input").checked = true;
  byId("more").hidden = !body.next;
  byId("none").hidden = Boolean(text || items.length);
}

async function verify() {
  const status = byId("status"),
    reference = document.querySelector("input[name=reference]:checked").value;
  byId("verify").disabled = true;
  try {
    status.textContent = "Uploading.";
    const { id, name } = photo instanceof File ? await upload(photo) : photo;
    status.textContent = reference ? "Verifying." : "Searching the originals, then verifying.";
    key ??= newKey();
    const note = byId("note").value.trim();
    const document = {
      photo: id,
      pictures: true,
      report: true,
      evidence: true,
      ...(reference && { reference }),
      ...(note && { note }),
    };
    const { body, headers } = await send("POST", "/api/v1/verifications", document, { "Idempotency-Key": `"${key}"` });
    key = null;
    const href = headers.get("Location").replace("/api/v1", "");
    const shown = body.reference ? `${body.reference.id}@${body.reference.version}` : "the store";
    remember({ href, what: "verify", names: `${name} against ${shown}`, verdict: body.verdict, intact: body.intact });
    window.location.assign(href);
  } catch (error) {
    if (error.status) key = null; // it was answered
    status.textContent = `That did not work: ${error.message}`;
  }
  byId("verify").disabled = false;
}

for (const id of ["file", "camera"]) byId(id).addEventListener("change", (event) => choose(event.target.files[0]));
byId("ask").addEventListener("change", () => {
  key = null;
});
byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  verify();
});
let pause = 0;
byId("search").addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(() => list(byId("search").value.trim()).catch(() => {}), 200);
});
byId("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") event.preventDefault(); // it searches while one types
});
takeFiles(byId("zone"), (files) => choose(files[0]));
if (query.has("photo")) choose({ id: query.get("photo"), name: query.get("photo-name") ?? query.get("photo") });
list(query.get("reference") ?? "")
  .then(() => {
    byId("search").value = query.get("reference") ?? "";
  })
  .catch((error) => {
    byId("status").textContent = error.message;
  });
