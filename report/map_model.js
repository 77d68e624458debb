// SPDX-License-Identifier: Apache-2.0
// What the map is of: pictures and their places, neighbours, groups, colours. The files map_*.js are the body of one function,
// showMap(data), in the order of map_html.c. data: the document, or a fragment of one, whose elements hold the map.
const $ = (id) => document.getElementById(id);
const make = (name, className, text) => {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};
const clamp = (v, low, high) => Math.min(Math.max(v, low), high);

const doc = JSON.parse(data.getElementById("map-data").textContent);
const pictures = doc.pictures, count = pictures.length;

// The bytes of an element's base64; the element goes, since it may hold megabytes.
function bytesOf(element) {
  const text = element.textContent;
  element.remove(); // a policy that asks for trusted scripts lets nobody write into it
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

// ---- places: the longer side of the map is 1, y points down, the middle is 0 ----
const places = new Float32Array(2 * count), extent = [0, 0];

function readPlaces() {
  const low = [Infinity, Infinity], high = [-Infinity, -Infinity];
  for (const p of pictures) {
    low[0] = Math.min(low[0], p.x); high[0] = Math.max(high[0], p.x);
    low[1] = Math.min(low[1], p.y); high[1] = Math.max(high[1], p.y);
  }
  const side = Math.max(high[0] - low[0], high[1] - low[1]) || 1;
  const put = (x, y) => [(x - (low[0] + high[0]) / 2) / side, ((low[1] + high[1]) / 2 - y) / side];
  pictures.forEach((p, i) => places.set(put(p.x, p.y), 2 * i));
  for (const c of doc.clusters) [c.px, c.py] = put(c.x, c.y);
  extent[0] = Math.max((high[0] - low[0]) / side, 0.05);
  extent[1] = Math.max((high[1] - low[1]) / side, 0.05);
}

// ---- neighbours, of the vectors ----
const perPicture = doc.neighbours;
const nearBytes = bytesOf(data.getElementById("map-nearest"));
const nearView = new DataView(nearBytes.buffer, nearBytes.byteOffset, nearBytes.byteLength);

function nearestOf(i) {
  const found = [];
  for (let k = 0; k < perPicture; k++) {
    const at = i * perPicture + k;
    const level = nearView.getUint16(4 * count * perPicture + 2 * at, true);
    found.push({ picture: nearView.getUint32(4 * at, true), cosine: level / 32767.5 - 1 });
  }
  return found;
}

// ---- names ----
const parts = pictures.map((p) => p.path.split("/"));
const fileName = (i) => parts[i][parts[i].length - 1];

function commonFolders() {
  let common = parts[0].length - 1;
  for (const p of parts) {
    let k = 0;
    while (k < common && k < p.length - 1 && p[k] === parts[0][k]) k++;
    common = k;
  }
  return common;
}
const common = commonFolders();
const folderOf = (i) => parts[i].slice(common, -1).join("/") || ".";

// ---- what dots can be coloured by ----
// Groups: names, the largest first, and the group of each picture (-1: none). Measures: a number each, NaN where there is none.
function groupsOf(title, nameOf) {
  const sizes = new Map();
  for (let i = 0; i < count; i++) {
    const name = nameOf(i);
    if (name !== undefined) sizes.set(name, (sizes.get(name) ?? 0) + 1);
  }
  const names = [...sizes.keys()].sort((a, b) => sizes.get(b) - sizes.get(a) || (a < b ? -1 : 1));
  const number = new Map(names.map((name, i) => [name, i]));
  const of = Int32Array.from(pictures, (p, i) => number.get(nameOf(i)) ?? -1);
  return { title, names, sizes: names.map((name) => sizes.get(name)), of };
}

function measureOf(title, values, text) {
  const there = values.filter(Number.isFinite);
  return { title, values, text, low: Math.min(...sample(there)), high: Math.max(...sample(there)), any: there.length > 0 };
}
// Spreading a large array into a call overflows the stack.
const sample = (values) => values.length < 20000 ? values : [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];

const clusterName = new Map(doc.clusters.map((c) => [c.id, c.name]));
const sameNames = new Map();
for (const c of doc.clusters) {
  const before = sameNames.get(c.name) ?? 0;
  sameNames.set(c.name, before + 1);
  if (before) clusterName.set(c.id, `${c.name} (${before + 1})`);
}
const days = (t) => new Date(t).toISOString().slice(0, 10);

function readColourings() {
  const all = { cluster: groupsOf("Group", (i) => clusterName.get(pictures[i].cluster)) };
  const folders = groupsOf("Folder", folderOf), labels = groupsOf("Label", (i) => pictures[i].label);
  if (folders.names.length > 1) all.folder = folders;
  if (labels.names.length > 0) all.label = labels;
  const score = measureOf("Score", pictures.map((p) => p.score ?? NaN), (v) => v.toFixed(3));
  const time = measureOf("Time", pictures.map((p) => (p.time ? Date.parse(p.time) : NaN)), days);
  if (score.any) all.score = score;
  if (time.any) all.time = time;
  return all;
}
readPlaces();
const colourings = readColourings();

// ---- colours ----
// OKLCH (Ottosson 2020) to sRGB, 0..255.
function oklch(lightness, chroma, hue) {
  const a = chroma * Math.cos(hue * Math.PI / 180), b = chroma * Math.sin(hue * Math.PI / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s].map((v) => {
    const level = v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055;
    return Math.round(255 * clamp(level, 0, 1));
  });
}

// Hues a golden angle apart, in three lightnesses: neighbours in the legend differ most.
const groupColour = (i, dark) => oklch((dark ? 0.74 : 0.62) + [0, 0.07, -0.08][i % 3], 0.15, (i * 137.508 + 250) % 360);
const NO_GROUP = [140, 140, 140];
const VIRIDIS = [[68, 1, 84], [71, 45, 123], [59, 82, 139], [44, 114, 142], [33, 145, 140], [40, 174, 128], [94, 201, 98],
  [173, 220, 48], [253, 231, 37]]; // matplotlib's (CC0), every 32nd

function viridis(share) {
  const at = clamp(share, 0, 1) * (VIRIDIS.length - 1), i = Math.min(Math.floor(at), VIRIDIS.length - 2);
  return VIRIDIS[i].map((v, k) => Math.round(v + (at - i) * (VIRIDIS[i + 1][k] - v)));
}

function colourOf(coloring, i, dark) {
  if (coloring.names) return coloring.of[i] < 0 ? NO_GROUP : groupColour(coloring.of[i], dark);
  const v = coloring.values[i];
  return Number.isFinite(v) ? viridis((v - coloring.low) / (coloring.high - coloring.low || 1)) : NO_GROUP;
}

// ---- cells: which pictures lie where, for what the pointer is over ----
const GRID = clamp(Math.ceil(Math.sqrt(count)), 1, 512);
const cellOf = (v) => clamp(Math.floor((v + 0.5) * GRID), 0, GRID - 1);
const newCells = () => Array.from({ length: GRID * GRID }, () => null);
function putIntoCell(cells, i) {
  const cell = cellOf(places[2 * i + 1]) * GRID + cellOf(places[2 * i]);
  (cells[cell] ??= []).push(i);
}
const cells = newCells();
for (let i = 0; i < count; i++) putIntoCell(cells, i);

// ---- which picture may show itself at which zoom ----
// The pictures of a list come in an order: representatives of groups, then all, shuffled. room[i] is how far picture i is from the
// nearest before it (the larger of the distances across and down), so those with room[i] * zoom >= side of a thumbnail never cover one
// another, and one that shows goes on to show as the zoom grows. byRoom: the pictures, the most room first.
function shuffled(list) {
  const order = Int32Array.from(list);
  let seed = 1;
  for (let i = order.length - 1; i > 0; i--) {
    seed = (seed * 48271) % 2147483647;
    const j = seed % (i + 1), keep = order[i];
    order[i] = order[j];
    order[j] = keep;
  }
  return order;
}

// The distance from picture i to the nearest in the cells, 2 when there is none: rings of cells round it.
function roomIn(cells, i) {
  const x = places[2 * i], y = places[2 * i + 1], cx = cellOf(x), cy = cellOf(y);
  let best = 2;
  for (let ring = 0; ring < GRID && (ring - 1) / GRID < best; ring++) {
    for (let gy = Math.max(cy - ring, 0); gy <= Math.min(cy + ring, GRID - 1); gy++) {
      const whole = Math.abs(gy - cy) === ring;
      for (let gx = cx - ring; gx <= cx + ring; gx += whole ? 1 : 2 * ring) {
        if (gx < 0 || gx >= GRID) continue;
        for (const j of cells[gy * GRID + gx] ?? []) {
          best = Math.min(best, Math.max(Math.abs(places[2 * j] - x), Math.abs(places[2 * j + 1] - y)));
        }
      }
    }
  }
  return best;
}

function findRoom(list) {
  const taken = newCells(), done = new Uint8Array(count), room = new Float32Array(count), listed = new Uint8Array(count);
  for (const i of list) listed[i] = 1;
  const put = (i) => {
    if (done[i] || !listed[i]) return;
    done[i] = 1;
    room[i] = roomIn(taken, i);
    putIntoCell(taken, i);
  };
  for (const c of doc.clusters) put(c.picture);
  for (const i of shuffled(list)) put(i);
  return { room, byRoom: Int32Array.from(list).sort((a, b) => room[b] - room[a]) };
}
const pathNumbers = new Map(pictures.map((p, i) => [p.path, i]));
for (const c of doc.clusters) c.picture = pathNumbers.get(c.representative);
