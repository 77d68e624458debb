// SPDX-License-Identifier: Apache-2.0
// Starts the page: its words, light or dark, the buttons, then the thumbnails, which come last.
function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function applyTheme() {
  state.dark = isDark();
  const paper = getComputedStyle(stage).backgroundColor.match(/[\d.]+/g).slice(0, 3).map((v) => v / 255);
  if (drawing) drawing.paper = paper;
  showLegend();
  repaint();
}

function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

function startWords() {
  const skipped = doc.skipped.length ? `, ${doc.skipped.length} could not be read` : "";
  $("title").textContent = doc.title;
  $("summary").textContent = `${several(count)} in ${doc.clusters.length} groups${skipped}`;
  $("summary").title = `${doc.model}, ${doc.dim} numbers; ${doc.method}, seed ${doc.seed}`;
  for (const [name, coloring] of Object.entries(colourings)) {
    const option = make("option", "", coloring.title.toLowerCase());
    option.value = name;
    $("colour-by").append(option);
  }
}

function startButtons() {
  $("colour-by").addEventListener("change", () => setColouring($("colour-by").value));
  $("lasso").addEventListener("click", () => setLasso(!state.lasso));
  $("zoom-in").addEventListener("click", () => zoomBy(1.6));
  $("zoom-out").addEventListener("click", () => zoomBy(1 / 1.6));
  $("fit").addEventListener("click", showAll);
  $("clear").addEventListener("click", clearList);
  $("more").addEventListener("click", () => {
    const first = offered;
    offerMore();
    $("list").children[first]?.firstChild.focus();
  });
  $("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    applyTheme();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyTheme);
  dotsCanvas.addEventListener("webglcontextlost", () => notice("The graphics card let go of the map: load the page again."));
}

// Thumbnails that stand in the page already are drawn when their page of the atlas has come.
function refreshThumbs() {
  for (const canvas of document.querySelectorAll("canvas[data-picture]")) paintThumb(canvas, +canvas.dataset.picture);
  redraw();
}

startWords();
startButtons();
resize();
started = true;
view.zoom = fitZoom();
setColouring(doc.colour_by);
$("legend").open = !matchMedia("(max-width: 60rem)").matches && !(colourings[state.colourBy].names?.length > 24);
$("legend").addEventListener("toggle", redraw);
applyTheme();
clearList();
new ResizeObserver(resize).observe(stage);
if (!drawing) notice("This browser has no WebGL2: the list shows the pictures.");
loadThumbnails(drawing, (page, pages) => {
  if (drawing) notice(page < pages ? `Thumbnails: ${page} of ${pages}` : "");
  refreshThumbs();
}).then(() => {
  if (drawing && !drawing.ready && tile) notice("The graphics card has no room for the thumbnails: dots only.");
  document.documentElement.dataset.ready = "true";
  redraw();
});
return { land }; // for a page that shows the map within itself
