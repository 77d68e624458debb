// SPDX-License-Identifier: Apache-2.0
// The side of the page: the picture that is chosen and its neighbours, lists of pictures (the way for keyboards and screen readers),
// search, the legend, and the table that can be taken along.
const PAGE = 60; // entries of a list at once
const say = (text) => { $("live").textContent = text; };
const several = (n) => (n === 1 ? "1 picture" : `${n.toLocaleString("en")} pictures`);

// What is known of a picture, in a line.
function describe(i) {
  const p = pictures[i], words = [];
  if (p.label) words.push(p.label);
  else if (colourings.folder) words.push(folderOf(i));
  if (p.score !== undefined) words.push("score " + p.score.toFixed(3));
  return words.join(" · ");
}

function entry(i, more) {
  const item = make("li"), button = make("button"), picture = make("canvas", "thumb"), text = make("span", "text");
  button.type = "button";
  button.dataset.picture = i;
  picture.width = picture.height = 88;
  picture.setAttribute("aria-hidden", "true");
  paintThumb(picture, i);
  text.append(make("span", "name", fileName(i)), make("span", "more", more ?? describe(i)));
  button.append(picture, text);
  button.addEventListener("click", () => {
    choose(i);
    reveal(i);
  });
  item.append(button);
  return item;
}

// ---- the list ----
// Groups one after the other, as the map names them.
const everything = Array.from({ length: count }, (_, i) => i).sort((a, b) => pictures[a].cluster - pictures[b].cluster || a - b);
let listed = everything, offered = 0, allRanks = null;

function offerMore() {
  const next = listed.slice(offered, offered + PAGE);
  $("list").append(...next.map((i) => entry(i)));
  offered += next.length;
  $("more").hidden = offered >= listed.length;
}

// Puts pictures into the list and lets them stand out on the map.
function showList(list, title, andSay) {
  listed = list;
  offered = 0;
  const some = list !== everything;
  $("list").replaceChildren();
  $("list-title").textContent = title;
  $("clear").hidden = !some;
  state.lit = null;
  if (some) {
    state.lit = new Uint8Array(count);
    for (const i of list) state.lit[i] = 1;
  }
  ranks = some ? findRoom(list) : allRanks ??= findRoom(everything);
  offerMore();
  repaint();
  if (andSay) say(title);
}

function clearList() {
  $("search").value = "";
  for (const row of document.querySelectorAll(".legend [aria-pressed]")) row.setAttribute("aria-pressed", "false");
  showList(everything, `All ${several(count)}`);
}

function openCluster(c) {
  const members = everything.filter((i) => pictures[i].cluster === c.id);
  showList(members, `${clusterName.get(c.id)}: ${several(members.length)}`, true);
  flyToPictures(members);
}

// ---- search ----
function search() {
  const words = $("search").value.trim().toLowerCase();
  if (!words) {
    clearList();
    return;
  }
  const found = everything.filter((i) => pictures[i].path.toLowerCase().includes(words) || pictures[i].label?.toLowerCase().includes(words));
  showList(found, found.length ? `${several(found.length)} for “${words}”` : `Nothing is called “${words}”`, true);
}
let searching = 0;
$("search").addEventListener("input", () => {
  clearTimeout(searching);
  searching = setTimeout(search, 150);
});
$("tools").addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(searching);
  search();
  if (listed !== everything && listed.length) {
    choose(listed[0]);
    flyToPictures(listed);
  }
});

// ---- the picture that is chosen ----
function fact(list, name, value) {
  if (value === undefined || value === "") return;
  list.append(make("dt", "", name), make("dd", "", value));
}

// Puts a picture into the side: its name, facts and the pictures nearest to it.
function showAbout(name, facts, near) {
  $("about").hidden = false;
  $("about-name").textContent = name;
  $("about-facts").replaceChildren();
  for (const [what, value] of facts) fact($("about-facts"), what, value);
  $("near").replaceChildren(...near.map((n) => entry(n.picture, `cosine ${n.cosine.toFixed(3)}${pictures[n.picture].label ? " · " + pictures[n.picture].label : ""}`)));
  $("panel").scrollTop = 0;
}

function choose(i, quiet) {
  if (i === state.chosen && !(i < 0 && state.landed)) return;
  state.chosen = i;
  if (i < 0) {
    state.landed = null;
    $("about").hidden = true;
  } else {
    const p = pictures[i];
    showAbout(fileName(i), [["Folder", parts[i].slice(0, -1).join("/")], ["Label", p.label], ["Group", clusterName.get(p.cluster)],
      ["Score", p.score?.toFixed(3)], ["Time", p.time?.replace("T", " ").replace("Z", " UTC")]], nearestOf(i));
    paintThumb($("about-picture"), i);
    if (!quiet) walk = { from: i, at: 0 };
    say(`${fileName(i)}. ${describe(i)}. ${perPicture} nearest pictures are listed.`);
  }
  redraw();
}
$("about-close").addEventListener("click", () => {
  choose(-1);
  dotsCanvas.focus();
});

// ---- a picture that is not of the map ----
// Where it lands: at the mean place of the pictures nearest to it, each weighted as UMAP weighs neighbours (McInnes and others 2018):
// exp(-(d - d of the nearest) / scale), d = 1 - cosine; scale is the mean of d less d of the nearest.
function landingPlace(near) {
  const far = near.map((n) => 1 - n.cosine), least = Math.min(...far), scale = far.reduce((sum, d) => sum + d - least, 0) / far.length || 1;
  const weights = far.map((d) => Math.exp(-(d - least) / scale)), all = weights.reduce((a, b) => a + b);
  const mean = (axis) => near.reduce((sum, n, k) => sum + weights[k] * places[2 * n.picture + axis], 0) / all;
  return { x: mean(0), y: mean(1) };
}

// likes: [{ path, cosine }], the most alike pictures of the collection; bitmap: the picture itself, or null. False where the map has
// none of them.
const LANDS_BY = 5;
function land(name, bitmap, likes) {
  const near = likes.map(({ path, cosine }) => ({ picture: pathNumbers.get(path), cosine })).filter((n) => n.picture !== undefined);
  if (!near.length) return false;
  choose(-1);
  const { x, y } = landingPlace(near.slice(0, LANDS_BY)), group = clusterName.get(pictures[near[0].picture].cluster);
  state.landed = { x, y, near: near.slice(0, LANDS_BY), bitmap };
  showAbout(name, [["On the map", "no: this is where it lands"], ["Nearest group", group]], near);
  const canvas = $("about-picture"), context = canvas.getContext("2d");
  delete canvas.dataset.picture;
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (bitmap) {
    const scale = Math.min(canvas.width / bitmap.width, canvas.height / bitmap.height), width = bitmap.width * scale, height = bitmap.height * scale;
    context.drawImage(bitmap, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  }
  const reach = Math.max(...state.landed.near.map((n) => Math.max(Math.abs(places[2 * n.picture] - x), Math.abs(places[2 * n.picture + 1] - y))));
  flyTo(x, y, clamp(0.35 * Math.min(view.width, view.height) / Math.max(reach, 0.01), fitZoom(), 8 * fitZoom()));
  $("about-name").focus();
  say(`${name} lands beside ${fileName(near[0].picture)}, group ${group}. ${near.length} nearest pictures are listed.`);
  redraw();
  return true;
}

// ---- the table ----
const cell = (value) => {
  const text = value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

function table() {
  const rows = listed.map((i) => {
    const p = pictures[i];
    return [p.path, p.x, p.y, p.cluster, clusterName.get(p.cluster), p.label, p.score, p.time].map(cell).join(",");
  });
  return ["path,x,y,cluster,cluster_name,label,score,time", ...rows].join("\r\n") + "\r\n";
}
$("export").addEventListener("click", () => {
  const link = make("a"), address = URL.createObjectURL(new Blob([table()], { type: "text/csv" }));
  link.href = address;
  link.download = "pictures.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
  say(`${several(listed.length)} exported`);
});

// ---- the legend ----
const LEGEND_MOST = 200;
function groupRow(coloring, k) {
  const row = make("button", "row"), dot = make("span", "dot");
  row.type = "button";
  row.setAttribute("aria-pressed", "false");
  dot.style.background = `rgb(${groupColour(k, state.dark)})`;
  row.append(dot, make("span", "name", coloring.names[k]), make("b", "", String(coloring.sizes[k])));
  row.addEventListener("click", () => {
    const on = row.getAttribute("aria-pressed") !== "true";
    clearList();
    row.setAttribute("aria-pressed", String(on));
    if (on) showList(everything.filter((i) => coloring.of[i] === k), `${coloring.names[k]}: ${several(coloring.sizes[k])}`, true);
  });
  return row;
}

function measureScale(coloring) {
  const scale = make("div", "scale"), bar = make("div", "ramp"), ends = make("div", "ends");
  bar.style.background = `linear-gradient(90deg, ${VIRIDIS.map((c) => `rgb(${c})`).join(", ")})`;
  ends.append(make("span", "", coloring.text(coloring.low)), make("span", "", coloring.text(coloring.high)));
  scale.append(bar, ends);
  return scale;
}

function showLegend() {
  const coloring = colourings[state.colourBy], body = $("legend-body");
  $("legend-title").textContent = coloring.names ? `${coloring.title} (${coloring.names.length})` : coloring.title;
  body.replaceChildren();
  if (!coloring.names) {
    body.append(measureScale(coloring));
    return;
  }
  body.append(...coloring.names.slice(0, LEGEND_MOST).map((_, k) => groupRow(coloring, k)));
  if (coloring.names.length > LEGEND_MOST) body.append(make("p", "", `and ${coloring.names.length - LEGEND_MOST} more`));
}

function setColouring(name) {
  state.colourBy = Object.hasOwn(colourings, name) ? name : "cluster";
  $("colour-by").value = state.colourBy;
  if (!colourings[state.colourBy].names && !matchMedia("(max-width: 60rem)").matches) $("legend").open = true;
  showLegend();
  repaint();
}
