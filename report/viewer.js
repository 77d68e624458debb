// SPDX-License-Identifier: Apache-2.0
// The compare viewer of the report. It takes the pictures that stand in the page already, so without it nothing is missing.
// Every mode is one or two panes that show the same part of the frame; the state is the mode, the scale (screen pixels a
// frame pixel) and the middle of what is seen (shares of the frame).
(() => {
"use strict";

const $ = (id) => document.getElementById(id);
const viewer = $("viewer");
if (!viewer) return;

const ZOOM_MAX = 8, SMOOTH_UNTIL = 3;
const NAMES = {
  side: "Side by side", swipe: "Swipe", onion: "Onion skin", blink: "Blink", heat: "Heat map",
  difference: "Difference only", matches: "Matched points",
};
// What each pane holds, bottom picture first.
const PANES = {
  side: [["reference"], ["photo"]], swipe: [["reference", "photo"]], onion: [["reference", "photo"]],
  blink: [["reference", "photo"]], heat: [["heat"]], difference: [["difference"]], matches: [["matches"]],
};
const MODES = Object.keys(PANES);

const result = JSON.parse($("result").textContent);
const regions = result.regions.filter((r) => document.querySelector(`.region-list [data-region="${r.id}"]`));
const PHOTO = result.alignment.model === "none" ? "Photo" : "Photo, aligned";
const stage = $("stage"), live = $("live");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

// ---- pictures: copies of the static ones, made once ----
const pictures = {};
for (const name of ["reference", "photo", "heat", "difference", "matches"]) {
  const source = $("pic-" + name);
  if (!source) continue;
  const image = new Image();
  image.src = source.src;
  image.alt = source.alt;
  image.draggable = false;
  const figure = source.closest("figure");
  pictures[name] = {
    image, width: +figure.dataset.width, height: +figure.dataset.height,
    caption: figure.querySelector("figcaption").textContent,
  };
}
const boxes = document.querySelector(".figures .boxes");
const usable = (mode) => PANES[mode].flat().every((name) => pictures[name]);

let mode = null, panes = [], region = -1, timer = 0, photoShown = true;
const view = { fitted: true, scale: 1, x: 0.5, y: 0.5 };

const clamp = (v, low, high) => Math.min(Math.max(v, low), high);
const frame = () => pictures[PANES[mode][0][0]];
const say = (text) => { live.textContent = text; };

// ---- layout ----
function makePane(names) {
  const pane = document.createElement("div");
  pane.className = "pane";
  const layer = document.createElement("div");
  layer.className = "layer";
  for (const name of names) layer.append(pictures[name].image);
  if (boxes && mode !== "matches") layer.append(boxes.cloneNode(true));
  pane.append(layer);
  stage.append(pane);
  return { pane, layer, names };
}

function paneSize() {
  const box = panes[0].pane.getBoundingClientRect();
  return { width: box.width, height: box.height };
}

function fitScale() {
  const size = paneSize(), f = frame();
  return Math.min(size.width / f.width, size.height / f.height, ZOOM_MAX);
}

// The middle may go only so far that the picture still fills the pane, or is centred where it is smaller.
function clampMiddle(size, f) {
  const half = (pane, picture) => Math.min(0.5, pane / (2 * picture * view.scale));
  const hx = half(size.width, f.width), hy = half(size.height, f.height);
  view.x = clamp(view.x, hx, 1 - hx);
  view.y = clamp(view.y, hy, 1 - hy);
}

function draw() {
  const size = paneSize(), f = frame(), fit = fitScale();
  view.scale = view.fitted ? fit : clamp(view.scale, fit, ZOOM_MAX);
  clampMiddle(size, f);
  const width = f.width * view.scale, height = f.height * view.scale;
  for (const { layer } of panes) {
    layer.style.width = width + "px";
    layer.style.height = height + "px";
    layer.style.left = size.width / 2 - view.x * width + "px";
    layer.style.top = size.height / 2 - view.y * height + "px";
  }
  stage.classList.toggle("pixels", view.scale > SMOOTH_UNTIL);
  stage.classList.toggle("zoomed", !view.fitted);
  $("zoom").textContent = Math.round(view.scale * 100) + " %";
  $("zoom-out").disabled = view.fitted;
  $("zoom-in").disabled = view.scale >= ZOOM_MAX;
  drawMix(size, width);
}

// How photo and reference mix in the modes that lay one over the other.
function drawMix(size, width) {
  const photo = pictures.photo && pictures.photo.image;
  if (!photo) return;
  photo.style.opacity = mode === "onion" ? $("onion-at").value / 100 : 1;
  photo.style.visibility = mode === "blink" && !photoShown ? "hidden" : "visible";
  photo.style.clipPath = "";
  stage.querySelector(".divider")?.remove();
  if (mode !== "swipe") return;
  const at = (size.width * $("swipe-at").value) / 100;
  const left = size.width / 2 - view.x * width;
  photo.style.clipPath = `inset(0 0 0 ${clamp(at - left, 0, width)}px)`;
  const divider = document.createElement("div");
  divider.className = "divider";
  divider.style.left = at + "px";
  panes[0].pane.append(divider);
}

function caption(text, side) {
  const label = document.createElement("span");
  label.className = "caption " + side;
  label.textContent = text;
  return label;
}

function addCaptions() {
  if (mode === "side") {
    panes[0].pane.append(caption("Reference", "at-left"));
    panes[1].pane.append(caption(PHOTO, "at-left"));
  } else if (mode === "swipe") {
    panes[0].pane.append(caption("Reference", "at-left"), caption(PHOTO, "at-right"));
  } else if (mode === "blink") {
    panes[0].pane.append(caption(photoShown ? PHOTO : "Reference", "at-left"));
  } else if (mode !== "onion") {
    panes[0].pane.append(caption(frame().caption, "at-left"));
  }
}

// ---- modes ----
function setMode(next, quiet) {
  if (!usable(next)) {
    say(NAMES[next] + ": nothing to show for this pair.");
    return;
  }
  stopBlinking();
  mode = next;
  photoShown = true;
  stage.replaceChildren();
  stage.dataset.mode = mode;
  panes = PANES[mode].map(makePane);
  addCaptions();
  for (const m of MODES) {
    const tab = $("tab-" + m), chosen = m === mode;
    tab.setAttribute("aria-selected", chosen);
    tab.tabIndex = chosen ? 0 : -1;
  }
  stage.setAttribute("aria-labelledby", "tab-" + mode);
  for (const control of viewer.querySelectorAll(".mode-control")) {
    control.hidden = control.dataset.mode !== mode;
  }
  if (mode === "matches") view.fitted = true;
  draw();
  markRegion();
  if (mode === "blink" && !calm.matches) startBlinking();
  if (!quiet) say(NAMES[mode]);
}

function swap() {
  photoShown = !photoShown;
  panes[0].pane.querySelector(".caption").textContent = photoShown ? PHOTO : "Reference";
  draw();
}

function startBlinking() {
  stopBlinking();
  timer = setInterval(swap, 1000 / clamp(+$("blink-rate").value, 0.5, 2));
  $("blink-run").setAttribute("aria-pressed", "true");
}

function stopBlinking() {
  clearInterval(timer);
  timer = 0;
  $("blink-run").setAttribute("aria-pressed", "false");
}

// ---- zoom and regions ----
// Scales by factor; the point (px, py) of the pane stays where it is.
function zoomBy(factor, px, py) {
  const size = paneSize(), f = frame(), fit = fitScale();
  const before = view.scale, after = clamp(before * factor, fit, ZOOM_MAX);
  const dx = (px ?? size.width / 2) - size.width / 2, dy = (py ?? size.height / 2) - size.height / 2;
  view.x += dx / f.width * (1 / before - 1 / after);
  view.y += dy / f.height * (1 / before - 1 / after);
  view.scale = after;
  view.fitted = after <= fit * 1.001;
  draw();
}

function moveBy(dx, dy) {
  const f = frame();
  view.x -= dx / (f.width * view.scale);
  view.y -= dy / (f.height * view.scale);
  draw();
}

function markRegion() {
  const id = region >= 0 ? String(regions[region].id) : "";
  for (const item of document.querySelectorAll(".region-list [data-region]")) {
    if (item.dataset.region !== id) {
      item.removeAttribute("aria-current");
      continue;
    }
    const list = item.closest("ol");
    item.setAttribute("aria-current", "true");
    list.scrollTop = item.offsetTop - list.offsetTop - list.clientHeight / 3;
  }
  for (const box of stage.querySelectorAll(".boxes [data-region]")) {
    box.classList.toggle("current", box.dataset.region === id);
  }
}

function goTo(index) {
  if (!regions.length) {
    say("There are no regions.");
    return;
  }
  region = (index + regions.length) % regions.length;
  if (mode === "matches") setMode("side", true);
  const r = regions[region], [x, y, width, height] = r.box, size = paneSize(), f = frame();
  view.x = (x + width / 2) / f.width;
  view.y = (y + height / 2) / f.height;
  view.scale = clamp(0.4 * Math.min(size.width / width, size.height / height), fitScale(), ZOOM_MAX / 2);
  view.fitted = view.scale <= fitScale();
  draw();
  markRegion();
  stage.scrollIntoView({ block: "nearest" });
  say(`Region ${region + 1} of ${regions.length}: number ${r.id}, ${r.kind}, ${width} × ${height} px at ${x}, ${y}, severity ${r.severity.toFixed(2)}`);
}

// ---- pointers: drag, pinch, the divider ----
const pointers = new Map();
let dragging = "";

function panePoint(event) {
  const pane = event.target.closest?.(".pane") ?? panes[0].pane, box = pane.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function dragDivider(event) {
  const box = panes[0].pane.getBoundingClientRect();
  $("swipe-at").value = ((event.clientX - box.left) / box.width) * 100;
  draw();
}

stage.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  pointers.set(event.pointerId, event);
  stage.setPointerCapture(event.pointerId);
  const at = (paneSize().width * $("swipe-at").value) / 100;
  const near = mode === "swipe" && (view.fitted || Math.abs(panePoint(event)[0] - at) < 24);
  dragging = pointers.size === 2 ? "pinch" : near ? "divider" : "pan";
  if (dragging === "divider") dragDivider(event);
});

stage.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  if (dragging === "pinch") {
    const other = [...pointers.values()].find((p) => p.pointerId !== event.pointerId);
    const distance = (p) => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY);
    if (other && distance(before) > 0) {
      const box = panes[0].pane.getBoundingClientRect();
      zoomBy(distance(event) / distance(before), (event.clientX + other.clientX) / 2 - box.left,
        (event.clientY + other.clientY) / 2 - box.top);
    }
  } else if (dragging === "divider") {
    dragDivider(event);
  } else {
    moveBy(event.clientX - before.clientX, event.clientY - before.clientY);
  }
  pointers.set(event.pointerId, event);
});

for (const end of ["pointerup", "pointercancel"]) {
  stage.addEventListener(end, (event) => {
    pointers.delete(event.pointerId);
    dragging = pointers.size === 1 ? "pan" : "";
  });
}

stage.addEventListener("dblclick", (event) => zoomBy(2, ...panePoint(event)));

// The wheel zooms where that is meant: with Ctrl (and so by pinching a touch pad), or while the picture has the focus.
stage.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && document.activeElement !== stage) return;
  event.preventDefault();
  zoomBy(Math.exp(-clamp(event.deltaY, -100, 100) / 200), ...panePoint(event));
}, { passive: false });

// ---- keys ----
const ARROWS = { ArrowLeft: [48, 0], ArrowRight: [-48, 0], ArrowUp: [0, 48], ArrowDown: [0, -48] };

stage.addEventListener("keydown", (event) => {
  if (ARROWS[event.key] && !event.altKey && !event.ctrlKey && !event.metaKey) {
    if (!view.fitted) moveBy(...ARROWS[event.key]);
    else if (mode === "swipe" && ARROWS[event.key][0]) {
      $("swipe-at").value = +$("swipe-at").value - Math.sign(ARROWS[event.key][0]) * 2;
      draw();
    } else return;
    event.preventDefault();
  } else if (event.key === " " && mode === "blink") {
    stopBlinking();
    swap();
    event.preventDefault();
  }
});

const KEYS = {
  n: () => goTo(region + 1), p: () => goTo(region < 0 ? -1 : region - 1),
  "+": () => zoomBy(1.5), "=": () => zoomBy(1.5), "-": () => zoomBy(1 / 1.5), "0": () => fit(),
  b: () => $("show-boxes").click(),
};
MODES.forEach((m, i) => { KEYS[String(i + 1)] = () => setMode(m); });

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input:not([type=checkbox]):not([type=range]), textarea, select, [contenteditable]");
  if (!$("use-keys").checked || typing || event.ctrlKey || event.altKey || event.metaKey) return;
  if (Object.hasOwn(KEYS, event.key)) {
    KEYS[event.key]();
    event.preventDefault();
  }
});

document.querySelector(".tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const ready = MODES.filter(usable);
  let next = step ? ready[(ready.indexOf(mode) + step + ready.length) % ready.length] : null;
  if (event.key === "Home") next = ready[0];
  if (event.key === "End") next = ready[ready.length - 1];
  if (!next) return;
  event.preventDefault();
  setMode(next);
  $("tab-" + next).focus();
});

// ---- controls ----
function fit() {
  view.fitted = true;
  view.x = view.y = 0.5;
  draw();
}

function showBoxes() {
  stage.classList.toggle("no-boxes", !$("show-boxes").checked);
}

for (const m of MODES) {
  const tab = $("tab-" + m);
  if (!usable(m)) tab.setAttribute("aria-disabled", "true");
  tab.addEventListener("click", () => setMode(m));
}
$("swipe-at").addEventListener("input", draw);
$("onion-at").addEventListener("input", draw);
$("blink-run").addEventListener("click", () => (timer ? stopBlinking() : startBlinking()));
$("blink-once").addEventListener("click", () => { stopBlinking(); swap(); });
$("blink-rate").addEventListener("input", () => {
  $("blink-value").textContent = $("blink-rate").value;
  if (timer) startBlinking();
});
$("previous").addEventListener("click", KEYS.p);
$("next").addEventListener("click", KEYS.n);
$("previous").disabled = $("next").disabled = regions.length === 0;
$("zoom-in").addEventListener("click", () => zoomBy(1.5));
$("zoom-out").addEventListener("click", () => zoomBy(1 / 1.5));
$("fit").addEventListener("click", fit);
$("show-boxes").addEventListener("change", showBoxes);
document.querySelector(".region-list").addEventListener("click", (event) => {
  const link = event.target.closest("[data-region]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  goTo(regions.findIndex((r) => String(r.id) === link.dataset.region));
});
calm.addEventListener("change", () => { if (calm.matches) stopBlinking(); });
if (calm.matches) {
  $("blink-run").disabled = true;
  $("blink-run").textContent = "Blinking is off (reduced motion)";
}
viewer.hidden = false;
document.documentElement.classList.add("script");
setMode(matchMedia("(max-width: 640px)").matches ? "swipe" : "side", true);
new ResizeObserver(draw).observe(stage);
})();
