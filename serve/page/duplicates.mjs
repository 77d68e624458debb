// SPDX-License-Identifier: Apache-2.0
// Duplicates of a collection: found, looked through, and a file of each group chosen to stay. Nothing is changed from here.
import { byId, call, node } from "/site.mjs";
import { API, begin, fillCollections, job, watch } from "/job_follow.mjs";

const AT_ONCE = 20;
let groups = [], shown = 0, kept = [], collection = "", keep = "best", score = 0.5;

const size = (bytes) => bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
const several = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
const fileName = (path) => path.slice(path.lastIndexOf("/") + 1);

function member(g, i, m) {
  const picture = `${API}/collections/${encodeURIComponent(collection)}/pictures/${m.sha256}`;
  const choice = node("input", { type: "radio", name: `keep-${g}`, value: i, checked: kept[g] === i });
  choice.addEventListener("change", () => { kept[g] = i; showPlan(); });
  return node("li", {},
    node("a", { href: `${picture}?side=1600` }, node("img", { src: `${picture}/thumb`, alt: fileName(m.path), loading: "lazy" })),
    node("p", {}, node("strong", {}, m.path)),
    node("p", { class: "hint" }, `${m.width} × ${m.height}, ${size(m.bytes)}${i > 0 ? `; ${m.kind}, ${m.score.toFixed(2)}: ${m.words}` : ""}`),
    node("label", {}, choice, ` keep ${fileName(m.path)}`));
}

function showGroup(g) {
  const group = groups[g];
  byId("groups").append(node("section", { class: "group", tabindex: "-1", "aria-labelledby": `group-${g}` },
    node("h3", { id: `group-${g}` }, `${g + 1}: ${group.kind}, ${group.members.length} files`),
    node("p", {}, `${fileName(group.keep)} stays: ${group.reason}.`),
    node("ul", { class: "members" }, ...group.members.map((m, i) => member(g, i, m)))));
}

function showMore() {
  const to = Math.min(shown + AT_ONCE, groups.length);
  while (shown < to) showGroup(shown++);
  byId("more").hidden = shown === groups.length;
}

const going = () => groups.flatMap((group, g) => group.kind === "scene" ? [] : group.members.filter((m, i) => i !== kept[g]));

function showPlan() {
  const files = going(), changed = kept.filter((k) => k !== 0).length;
  byId("plan").textContent = `${several(files.length, "file")}, ${size(files.reduce((sum, m) => sum + m.bytes, 0))}`
    + (changed ? `; in ${changed} groups another file stays than the rule's, which the list has and the command below has not.` : ".");
  byId("command").textContent = `likeness dups FOLDER_OF_${collection} --keep ${keep} --min-score ${score} --action trash --apply`;
}

async function showResult(id, settings) {
  const { body } = await call(`${API}/duplicates/${id}`);
  keep = settings.keep ?? "best";
  score = settings.min_score ?? 0.5;
  groups = body.groups;
  kept = groups.map(() => 0);
  shown = 0;
  byId("groups").replaceChildren();
  byId("summary").textContent = groups.length
    ? `${several(groups.length, "group")} among ${body.totals.files} pictures; ${size(body.totals.removable_bytes)} could go`
    : `No duplicates among ${body.totals.files} pictures`;
  byId("result").hidden = false;
  showMore();
  showPlan();
  byId("summary").focus();
}

async function open(id) {
  try {
    const j = await job(id);
    collection = j.collection;
    byId("result").hidden = true;
    watch(id, { ended: (d) => { if (d.state === "done") showResult(id, j.settings).catch(fail); } });
  } catch (error) {
    fail(error);
  }
}

function fail(error) {
  byId("note").textContent = error.message;
}

function saveList() {
  const text = going().map((m) => m.path + "\n").join("");
  const link = node("a", { href: URL.createObjectURL(new Blob([text], { type: "text/plain" })), download: `${collection}-duplicates.txt` });
  link.click();
}

function go(step) {
  const all = [...document.querySelectorAll(".group")];
  const at = all.indexOf(document.activeElement.closest(".group"));
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  next?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /SELECT|TEXTAREA/.test(event.target.tagName)) return;
  if (event.key === "n") go(1);
  else if (event.key === "p") go(-1);
});
byId("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("note").textContent = "";
  try {
    const j = await begin("duplicates", { collection: byId("collection").value, keep: byId("keep").value, min_score: Number(byId("score").value) });
    location.hash = j.id;
  } catch (error) {
    fail(error);
  }
});
byId("more").addEventListener("click", showMore);
byId("list").addEventListener("click", saveList);
addEventListener("hashchange", () => open(location.hash.slice(1)));
fillCollections(byId("collection"), byId("note")).catch(fail);
if (location.hash) open(location.hash.slice(1));
