// SPDX-License-Identifier: Apache-2.0
// The audit log: whether its chain of hashes is whole, its head to print or publish, and its entries, the newest first.
import { byId, call, facts, node, when } from "/site.mjs";

const LIMIT = 50;
const form = byId("filter"),
  list = byId("entries");
const seen = new Set();
let before = null;

async function showChain() {
  const chain = byId("chain"),
    { body } = await call("/api/v1/audit/verify"),
    { check } = body,
    head = check.head ?? {};
  chain.className = check.good ? "notice" : "problem";
  chain.textContent = check.good
    ? `The chain is whole: all ${check.count} entries hang together.`
    : `The chain is broken at entry ${check.first_bad}: ${check.text}`;
  byId("head").replaceChildren(
    facts([
      ["Entries", String(head.count ?? check.count)],
      ["Hash of the head", node("code", {}, head.hash ?? "")],
    ]),
  );
}

// What an entry is about, in a line: the members of its payload that a person reads first.
function words(entry) {
  try {
    const p = JSON.parse(entry.payload);
    return [
      p.verdict && `${p.verdict}${p.intact === "altered" ? ", altered" : ""}`,
      p.decision,
      p.reason,
      p.version && `version ${p.version}`,
      p.name,
      p.note,
    ]
      .filter(Boolean)
      .join(" · ");
  } catch {
    return "";
  }
}

function item(entry) {
  const link = entry.kind === "verify" ? node("a", { href: `/verifications/${entry.seq}` }, entry.kind) : entry.kind;
  return node(
    "li",
    { value: entry.seq },
    node(
      "div",
      {},
      node("strong", {}, link),
      entry.subject ? ` ${entry.subject}` : "",
      " ",
      node("span", { class: "hint" }, `${when(entry.at)}${entry.actor ? `, ${entry.actor}` : ""}`),
    ),
    node("div", {}, words(entry)),
    node(
      "details",
      {},
      node("summary", {}, "Entry ", node("code", {}, entry.hash.slice(0, 12))),
      facts([
        ["Hash", node("code", {}, entry.hash)],
        ["Hash before it", node("code", {}, entry.prev)],
      ]),
      node("pre", { tabindex: 0 }, pretty(entry.payload)),
    ),
  );
}

function pretty(payload) {
  try {
    return JSON.stringify(JSON.parse(payload), null, 1);
  } catch {
    return payload;
  }
}

async function show(more = false) {
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  history.replaceState(null, "", query.size ? `?${query}` : window.location.pathname);
  query.set("limit", LIMIT);
  if (more) query.set("before", before);
  try {
    const path = `/api/v1/audit?${query}`,
      { body } = await call(path),
      entries = [...body.entries].sort((a, b) => b.seq - a.seq);
    if (!more) list.replaceChildren();
    list.append(...entries.map(item));
    entries.forEach((entry) => seen.add(entry.kind));
    byId("kinds").replaceChildren(...[...seen].sort().map((kind) => node("option", { value: kind })));
    before = body.next_before;
    byId("more").hidden = !before;
    byId("download").href = path;
    byId("status").textContent = list.children.length ? "" : "No entry fits.";
  } catch (error) {
    byId("status").textContent = `That did not work: ${error.message}`;
  }
}

for (const [name, value] of new URLSearchParams(window.location.search)) form.elements[name].value = value;
form.addEventListener("change", () => show());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});
byId("more").addEventListener("click", () => show(true));
byId("print").addEventListener("click", () => window.print());
showChain().catch((error) => {
  byId("chain").textContent = `The chain could not be checked: ${error.message}`;
});
show();
