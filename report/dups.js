// SPDX-License-Identifier: Apache-2.0
// Keys and the count of what is shown; the filters themselves are style.
"use strict";
(() => {
const groups = [...document.querySelectorAll(".group")];
const picks = [...document.querySelectorAll(".pick")];
const shown = document.querySelector(".shown");
const hidden = () => new Set(picks.filter((p) => !p.checked).map((p) => p.id.slice(5)));
let visible = groups;

function count() {
  const off = hidden();
  visible = groups.filter((g) => !off.has(g.dataset.kind));
  shown.textContent = visible.length === groups.length ? "" : visible.length.toLocaleString("en") + " shown";
}

/* The group that is in hand: the focused one, else the first below the top of the window. */
function current() {
  const focused = visible.indexOf(document.activeElement.closest(".group"));
  if (focused >= 0) return focused;
  const at = visible.findIndex((g) => g.getBoundingClientRect().bottom > 80);
  return at < 0 ? visible.length - 1 : at - 1;
}

function go(step) {
  const next = visible[Math.min(Math.max(current() + step, 0), visible.length - 1)];
  if (!next) return;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "start" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const pick = picks[Number(event.key) - 1];
  if (event.key === "j" || event.key === "n") go(1);
  else if (event.key === "k" || event.key === "p") go(-1);
  else if (pick) { pick.checked = !pick.checked; count(); }
  else return;
  event.preventDefault();
});
/* What comes into view stops below the filters, which may take several lines. */
const nav = document.querySelector("nav");
function makeRoom() {
  document.documentElement.style.scrollPaddingTop = nav.offsetHeight + 8 + "px";
}

addEventListener("resize", makeRoom);
for (const p of picks) p.addEventListener("change", count);
document.documentElement.classList.add("script");
count();
makeRoom();
})();
