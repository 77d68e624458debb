// SPDX-License-Identifier: Apache-2.0
// Verdicts on record, the newest first, with filters that stand in the address.
import { byId, call, node, wordsOf, when } from "/site.mjs";

const form = byId("filter"),
  rows = byId("list").tBodies[0];
let next = "";

function row(v) {
  const word = wordsOf(v);
  return node(
    "tr",
    {},
    node("th", { scope: "row" }, node("a", { href: `/verifications/${v.entry}` }, word)),
    node("td", { class: "number" }, Math.min(v.probability, 0.999).toFixed(3)),
    node("td", {}, v.reference ? `${v.reference}@${v.version}` : "none"),
    node("td", {}, `${when(v.at)}, ${v.actor}`),
    node("td", {}, v.decision ?? "–"),
  );
}

async function list(more = false) {
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  history.replaceState(null, "", query.size ? `?${query}` : window.location.pathname);
  if (more) query.set("cursor", next);
  try {
    const { body } = await call(`/api/v1/verifications?limit=30${query.size ? `&${query}` : ""}`);
    rows.append(...(more ? [] : (rows.replaceChildren(), [])), ...body.verifications.map(row));
    next = body.next ?? "";
    byId("more").hidden = !next;
    byId("list").hidden = !rows.children.length;
    byId("status").textContent = rows.children.length ? "" : "No verdict is on record that fits.";
  } catch (error) {
    byId("status").textContent = `That did not work: ${error.message}`;
  }
}

for (const [name, value] of new URLSearchParams(window.location.search)) form.elements[name].value = value;
form.addEventListener("change", () => list());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  list();
});
byId("more").addEventListener("click", () => list(true));
list();
