// SPDX-License-Identifier: Apache-2.0
// What is seen: where the view is, what is drawn when, the names of groups over it, and everything that hands and keys do in the map.
const stage = $("stage"), dotsCanvas = $("dots"), marks = $("marks"), marksContext = marks.getContext("2d");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const drawing = makeDrawing(dotsCanvas);

// zoom: screen pixels a unit; x, y: the place in the middle.
const view = { x: 0, y: 0, zoom: 1, width: 1, height: 1 };
const state = { colourBy: doc.colour_by, chosen: -1, hover: -1, lit: null, lasso: false, dark: false, landed: null };
const ZOOM_MOST = 4000; // times the whole map
const fitZoom = () => 0.9 * Math.min(view.width / extent[0], view.height / extent[1]);
const onScreen = (x, y) => [(x - view.x) * view.zoom + view.width / 2, (y - view.y) * view.zoom + view.height / 2];
const onMap = (px, py) => [(px - view.width / 2) / view.zoom + view.x, (py - view.height / 2) / view.zoom + view.y];

// ---- pictures in sight ----
// Far away there are dots only; from SHOW_FROM times the whole map on pictures come in, and grow slower than the zoom, so that one that has room keeps it.
const SHOW_FROM = count > 400 ? 1.4 : 0.9, SIDE = 40, SIDE_MOST = Math.max(1.5 * tile, 96), FADE = 0.06;
let ranks = { room: new Float32Array(count), byRoom: [] }; // of those that stand out: findRoom
let drawn = []; // pictures shown in the last frame, with half of their width and height on the screen

function pictureSide() {
  return clamp(SIDE * (view.zoom / fitZoom() / SHOW_FROM) ** 0.3, SIDE, SIDE_MOST);
}

function addInstance(i, opacity, side) {
  const t = tileOf(i), scale = side / Math.max(t.width, t.height), at = INSTANCE * drawn.length;
  const [r, g, b] = colourOf(colourings[state.colourBy], i, state.dark);
  drawing.instances.set([places[2 * i], places[2 * i + 1], t.x, t.y, t.width, t.height, t.width * scale, t.height * scale,
    t.page, opacity, r / 255, g / 255, b / 255], at);
  drawn.push({ i, x: t.width * scale / 2, y: t.height * scale / 2 });
}

function collectPictures() {
  drawn = [];
  const far = view.zoom / fitZoom(), few = state.lit && listed.length < 400;
  const arrive = few ? 1 : clamp((far - SHOW_FROM) / (0.3 * SHOW_FROM), 0, 1);
  if (!drawing?.ready) return;
  const side = pictureSide(), needed = (side + 6) / view.zoom;
  const [left, top] = onMap(-side, -side), [right, bottom] = onMap(view.width + side, view.height + side);
  for (let k = 0; arrive > 0 && k < ranks.byRoom.length && drawn.length < INSTANCES_MOST - 1; k++) {
    const i = ranks.byRoom[k], x = places[2 * i], y = places[2 * i + 1];
    if (ranks.room[i] < needed && far < 0.9 * ZOOM_MOST) break;
    if (x < left || x > right || y < top || y > bottom || i === state.chosen) continue;
    addInstance(i, arrive * (far < 0.9 * ZOOM_MOST ? clamp((ranks.room[i] / needed - 1) / FADE, 0, 1) : 1), side);
  }
  if (state.chosen >= 0) addInstance(state.chosen, 1, Math.max(side * 1.3, 72)); // over all others
}

// ---- a frame ----
let waiting = false;
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    collectPictures();
    if (drawing) drawAll(drawing, view, dotSize(), drawn.length);
    drawMarks();
    placeChips();
  });
}

const dotSize = () => clamp(Math.sqrt(view.width * view.height / count) * 0.3 * (view.zoom / fitZoom()) ** 0.35, 4, 13);

function resize() {
  const box = stage.getBoundingClientRect(), ratio = Math.min(devicePixelRatio || 1, 2), fitted = view.zoom / fitZoom();
  view.width = Math.max(box.width, 1);
  view.height = Math.max(box.height, 1);
  for (const canvas of [dotsCanvas, marks]) {
    canvas.width = Math.round(view.width * ratio);
    canvas.height = Math.round(view.height * ratio);
  }
  view.zoom = fitZoom() * (Number.isFinite(fitted) && started ? fitted : 1);
  redraw();
}
let started = false;

function repaint() {
  if (drawing) paintDots(drawing, colourings[state.colourBy], state.dark, state.lit);
  redraw();
}

// ---- marks over the map: the lasso, lines to neighbours, rings ----
function ring(i, radius) {
  const [x, y] = onScreen(places[2 * i], places[2 * i + 1]), box = drawn.find((p) => p.i === i);
  marksContext.beginPath();
  if (box) marksContext.rect(x - box.x - 4, y - box.y - 4, 2 * box.x + 8, 2 * box.y + 8);
  else marksContext.arc(x, y, radius, 0, 7);
  marksContext.stroke();
}

function linesTo(list, fromX, fromY) {
  const c = marksContext, [x, y] = onScreen(fromX, fromY);
  c.globalAlpha = 0.55;
  for (const near of list) {
    const [nx, ny] = onScreen(places[2 * near.picture], places[2 * near.picture + 1]);
    c.beginPath();
    c.moveTo(x, y);
    c.lineTo(nx, ny);
    c.stroke();
    ring(near.picture, dotSize() / 2 + 3);
  }
  c.globalAlpha = 1;
}

// A picture that is not of the map: itself, on a foot that stands where it lands.
const LANDED_SIDE = 84, FOOT = 14;
function drawLanded({ x, y, near, bitmap }) {
  const c = marksContext, [px, py] = onScreen(x, y), style = getComputedStyle(document.documentElement);
  linesTo(near, x, y);
  const scale = bitmap ? LANDED_SIDE / Math.max(bitmap.width, bitmap.height) : 0;
  const width = bitmap ? bitmap.width * scale : 24, height = bitmap ? bitmap.height * scale : 24;
  c.fillStyle = style.getPropertyValue("--focus");
  c.beginPath();
  c.moveTo(px, py);
  c.lineTo(px - FOOT / 2, py - FOOT);
  c.lineTo(px + FOOT / 2, py - FOOT);
  c.fill();
  c.fillRect(px - width / 2 - 3, py - FOOT - height - 6, width + 6, height + 6);
  if (bitmap) c.drawImage(bitmap, px - width / 2, py - FOOT - height - 3, width, height);
}

let lassoPath = [], marked = true;
function drawMarks() {
  const wanted = state.chosen >= 0 || state.hover >= 0 || state.landed || lassoPath.length > 1;
  marks.hidden = !wanted; // Chromium may go on showing what was cleared while others want its graphics process
  if (!wanted && !marked) return;
  marked = wanted;
  const c = marksContext, style = getComputedStyle(document.documentElement), ratio = marks.width / view.width;
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, view.width, view.height);
  c.strokeStyle = style.getPropertyValue("--focus");
  c.lineWidth = 2;
  if (state.chosen >= 0) {
    linesTo(nearestOf(state.chosen), places[2 * state.chosen], places[2 * state.chosen + 1]);
    c.lineWidth = 3;
    ring(state.chosen, dotSize() / 2 + 5);
  }
  if (state.landed) drawLanded(state.landed);
  c.lineWidth = 2;
  if (state.hover >= 0) ring(state.hover, dotSize() / 2 + 3);
  if (lassoPath.length > 1) {
    c.beginPath();
    lassoPath.forEach(([x, y], k) => c[k ? "lineTo" : "moveTo"](x, y));
    c.closePath();
    c.globalAlpha = 0.15;
    c.fillStyle = c.strokeStyle;
    c.fill();
    c.globalAlpha = 1;
    c.setLineDash([6, 4]);
    c.stroke();
    c.setLineDash([]);
  }
}

// ---- names of groups ----
const CHIPS_MOST = 60;
const chips = doc.clusters.slice(0, CHIPS_MOST).filter((c) => c.count >= Math.min(3, count)).map((c) => {
  const element = make("button", "chip"), picture = make("canvas");
  element.type = "button";
  picture.width = picture.height = 64;
  picture.dataset.picture = c.picture;
  picture.setAttribute("aria-hidden", "true");
  element.append(picture, make("span", "", clusterName.get(c.id)), make("b", "", String(c.count)));
  element.title = `Group ${clusterName.get(c.id)}: ${c.count} pictures`;
  element.addEventListener("click", () => openCluster(c));
  $("chips").append(element);
  return { element, c, width: 0, height: 0, shows: true };
});

// Larger groups first; one that would cover another waits until there is room, and all leave when single pictures or a list are looked at.
function placeChips() {
  const near = view.zoom / fitZoom() > 12 || state.lit || state.landed; // a list stands out by itself
  const taken = [$("legend"), stage.querySelector(".zoom")].map((e) => [e.offsetLeft, e.offsetTop, e.offsetWidth, e.offsetHeight]);
  for (const chip of chips) {
    chip.width ||= chip.element.offsetWidth;
    chip.height ||= chip.element.offsetHeight;
    const [x, y] = onScreen(chip.c.px, chip.c.py), left = x - chip.width / 2, top = y - chip.height / 2;
    const outside = left < 4 || top < 4 || left + chip.width > view.width - 4 || top + chip.height > view.height - 4;
    const covers = taken.some((t) => left < t[0] + t[2] + 6 && t[0] < left + chip.width + 6 && top < t[1] + t[3] + 6 && t[1] < top + chip.height + 6);
    const shows = !near && !outside && !covers;
    if (shows !== chip.shows) chip.element.classList.toggle("away", !shows);
    chip.shows = shows;
    if (!shows) continue;
    chip.element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
    taken.push([left, top, chip.width, chip.height]);
  }
}

// ---- moving ----
function keepInside() {
  view.x = clamp(view.x, -extent[0] / 2 - 0.02, extent[0] / 2 + 0.02);
  view.y = clamp(view.y, -extent[1] / 2 - 0.02, extent[1] / 2 + 0.02);
  view.zoom = clamp(view.zoom, fitZoom() * 0.8, fitZoom() * ZOOM_MOST);
}

function zoomBy(factor, px = view.width / 2, py = view.height / 2) {
  const [x, y] = onMap(px, py);
  view.zoom = clamp(view.zoom * factor, fitZoom() * 0.8, fitZoom() * ZOOM_MOST);
  const [nx, ny] = onMap(px, py);
  view.x += x - nx;
  view.y += y - ny;
  keepInside();
  redraw();
}

function moveBy(dx, dy) {
  view.x -= dx / view.zoom;
  view.y -= dy / view.zoom;
  keepInside();
  redraw();
}

let flight = 0;
function flyTo(x, y, zoom) {
  const from = { ...view }, number = ++flight, began = performance.now(), lasts = calm.matches ? 0 : 420;
  const step = () => {
    if (number !== flight) return;
    const part = lasts ? clamp((performance.now() - began) / lasts, 0, 1) : 1, eased = part * part * (3 - 2 * part);
    view.x = from.x + (x - from.x) * eased;
    view.y = from.y + (y - from.y) * eased;
    view.zoom = from.zoom * (zoom / from.zoom) ** eased;
    keepInside();
    redraw();
    if (part < 1) requestAnimationFrame(step);
  };
  step();
}

const showAll = () => flyTo(0, 0, fitZoom());

// To the places of some pictures, but for the tenth at each edge.
function flyToPictures(list) {
  const edge = (axis, share) => {
    const sorted = list.map((i) => places[2 * i + axis]).sort((a, b) => a - b);
    return sorted[Math.round(share * (sorted.length - 1))];
  };
  const [x0, x1, y0, y1] = [edge(0, 0.1), edge(0, 0.9), edge(1, 0.1), edge(1, 0.9)];
  const zoom = 0.6 * Math.min(view.width / Math.max(x1 - x0, 0.01), view.height / Math.max(y1 - y0, 0.01));
  flyTo((x0 + x1) / 2, (y0 + y1) / 2, clamp(zoom, fitZoom(), fitZoom() * ZOOM_MOST));
}

// A picture that is chosen elsewhere is brought into sight, so near that it shows itself.
function reveal(i) {
  const [x, y] = onScreen(places[2 * i], places[2 * i + 1]);
  const inside = x > 60 && y > 60 && x < view.width - 60 && y < view.height - 60;
  const zoom = Math.max(view.zoom, 3 * fitZoom());
  if (!inside || zoom > view.zoom) flyTo(places[2 * i], places[2 * i + 1], zoom);
}

// ---- what lies under the pointer ----
function pictureAt(px, py, reach) {
  for (let k = drawn.length - 1; k >= 0; k--) {
    const { i, x, y } = drawn[k], [sx, sy] = onScreen(places[2 * i], places[2 * i + 1]);
    if (Math.abs(px - sx) <= x + 2 && Math.abs(py - sy) <= y + 2) return i;
  }
  const [x, y] = onMap(px, py), far = reach / view.zoom;
  let best = -1, least = far * far;
  for (let gy = cellOf(y - far); gy <= cellOf(y + far); gy++) {
    for (let gx = cellOf(x - far); gx <= cellOf(x + far); gx++) {
      for (const i of cells[gy * GRID + gx] ?? []) {
        const d = (places[2 * i] - x) ** 2 + (places[2 * i + 1] - y) ** 2;
        if (d < least) [best, least] = [i, d];
      }
    }
  }
  return best;
}

function hover(i, px, py) {
  const tip = $("tip");
  if (i !== state.hover) {
    state.hover = i;
    tip.hidden = i < 0;
    if (i >= 0) {
      paintThumb($("tip-picture"), i);
      $("tip-name").textContent = fileName(i);
      $("tip-more").textContent = describe(i);
    }
    dotsCanvas.classList.toggle("over", i >= 0);
    redraw();
  }
  if (i >= 0) {
    const right = px + 18 + tip.offsetWidth > view.width, below = py + 18 + tip.offsetHeight > view.height;
    tip.style.left = (right ? Math.max(px - 14 - tip.offsetWidth, 4) : px + 18) + "px";
    tip.style.top = (below ? Math.max(view.height - tip.offsetHeight - 4, 4) : py + 18) + "px";
  }
}

// ---- pointers: drag, pinch, lasso, click ----
const pointers = new Map();
let gesture = "", began = null;

function point(event) {
  const box = stage.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

dotsCanvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  flight++;
  dotsCanvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, point(event));
  began = pointers.size === 1 ? point(event) : null;
  gesture = pointers.size === 2 ? "pinch" : state.lasso || event.shiftKey ? "lasso" : "drag";
  lassoPath = gesture === "lasso" ? [point(event)] : [];
  hover(-1);
});

dotsCanvas.addEventListener("pointermove", (event) => {
  const at = point(event), before = pointers.get(event.pointerId);
  if (!before) {
    if (event.pointerType !== "touch") hover(pictureAt(at[0], at[1], 9), ...at);
    return;
  }
  if (gesture === "pinch") {
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    const distance = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
    if (other && distance(before) > 0) zoomBy(distance(at) / distance(before), (at[0] + other[0]) / 2, (at[1] + other[1]) / 2);
    moveBy((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
  } else if (gesture === "lasso") {
    lassoPath.push(at);
    redraw();
  } else if (!began || Math.hypot(at[0] - began[0], at[1] - began[1]) > 4) {
    began = null;
    moveBy(at[0] - before[0], at[1] - before[1]);
  }
  pointers.set(event.pointerId, at);
});

function inside(x, y, path) {
  let odd = false;
  for (let k = 0, before = path.length - 1; k < path.length; before = k++) {
    const [ax, ay] = path[k], [bx, by] = path[before];
    if ((ay > y) !== (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

function endLasso() {
  const path = lassoPath.map(([x, y]) => onMap(x, y)), found = [];
  for (let i = 0; path.length > 2 && i < count; i++) {
    if (inside(places[2 * i], places[2 * i + 1], path)) found.push(i);
  }
  lassoPath = [];
  setLasso(false);
  if (path.length > 2) showList(found, found.length === 1 ? "1 picture in the lasso" : `${found.length} pictures in the lasso`, true);
  redraw();
}

for (const end of ["pointerup", "pointercancel"]) {
  dotsCanvas.addEventListener(end, (event) => {
    const was = gesture, at = point(event);
    if (!pointers.delete(event.pointerId)) return;
    gesture = pointers.size === 1 ? "drag" : "";
    if (end === "pointercancel") lassoPath = [];
    if (was === "lasso") endLasso();
    else if (end === "pointerup" && was === "drag" && began) choose(pictureAt(at[0], at[1], event.pointerType === "touch" ? 22 : 9));
    began = null;
  });
}

dotsCanvas.addEventListener("pointerleave", () => hover(-1));
dotsCanvas.addEventListener("dblclick", (event) => zoomBy(2.2, ...point(event)));
stage.addEventListener("wheel", (event) => {
  if (event.target.closest(".legend")) return;
  event.preventDefault();
  flight++;
  hover(-1);
  zoomBy(Math.exp(-clamp(event.deltaY * (event.deltaMode ? 33 : 1), -240, 240) / (event.ctrlKey ? 90 : 380)), ...point(event));
}, { passive: false });

function setLasso(on) {
  state.lasso = on;
  $("lasso").setAttribute("aria-pressed", String(on));
  dotsCanvas.classList.toggle("drawing", on);
}

// ---- keys, while the map has the focus ----
const STEP = 60;
const KEYS = {
  ArrowLeft: () => moveBy(STEP, 0), ArrowRight: () => moveBy(-STEP, 0), ArrowUp: () => moveBy(0, STEP), ArrowDown: () => moveBy(0, -STEP),
  "+": () => zoomBy(1.4), "=": () => zoomBy(1.4), "-": () => zoomBy(1 / 1.4), 0: showAll,
  Enter: () => choose(pictureAt(view.width / 2, view.height / 2, Math.max(view.width, view.height))),
  n: () => stepNear(1), p: () => stepNear(-1), l: () => setLasso(!state.lasso), "/": () => $("search").focus(), d: () => $("theme").click(),
  c: () => {
    const names = Object.keys(colourings);
    setColouring(names[(names.indexOf(state.colourBy) + 1) % names.length]);
  },
};
dotsCanvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (lassoPath.length) lassoPath = [];
  else if (state.lasso) setLasso(false);
  else if (state.chosen >= 0 || state.landed) choose(-1);
  else clearList();
  hover(-1);
  redraw();
});

// n and p walk through the neighbours of the picture that was chosen first.
let walk = { from: -1, at: -1 };
function stepNear(by) {
  if (state.chosen < 0) return;
  const near = walk.from >= 0 ? nearestOf(walk.from) : [];
  if (walk.from < 0 || ![walk.from, ...near.map((n) => n.picture)].includes(state.chosen)) walk = { from: state.chosen, at: -1 };
  const list = [walk.from, ...nearestOf(walk.from).map((n) => n.picture)];
  walk.at = (list.indexOf(state.chosen) + by + list.length) % list.length;
  choose(list[walk.at], true);
  reveal(list[walk.at]);
}
