// SPDX-License-Identifier: Apache-2.0
// The maps that jobs drew, and a form that begins another.
import { byId, call, node, when } from "/site.mjs";
import { API, begin, fillCollections, watch } from "/job_follow.mjs";

const LISTED = 100;
const methods = { umap: "UMAP", pca: "principal components" };

function card(j) {
  const { method = "umap", neighbours = 15, seed = 1 } = j.settings ?? {};
  return node("li", { id: `map-${j.id}` }, node("a", { href: `/map/${j.id}` }, `${j.collection}, map ${j.id}`),
    node("p", {}, `${methods[method]}, ${neighbours} neighbours, seed ${seed}`), node("p", {}, when(j.ended)));
}

async function list() {
  const { body } = await call(`${API}/jobs?kind=map&limit=${LISTED}`);
  const done = body.jobs.filter((j) => j.state === "done");
  byId("maps").replaceChildren(...done.map(card));
  byId("none").hidden = done.length > 0;
  return body.jobs.find((j) => ["queued", "running"].includes(j.state));
}

function fail(error) {
  byId("note").textContent = error.message;
}

function follow(id) {
  watch(id, { ended: () => list().then(() => document.querySelector(`#map-${id} a`)?.focus(), fail) });
}

byId("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("note").textContent = "";
  try {
    const { id } = await begin("maps", {
      collection: byId("collection").value, method: byId("method").value, neighbours: Number(byId("neighbours").value), seed: Number(byId("seed").value),
    });
    follow(id);
  } catch (error) {
    fail(error);
  }
});
fillCollections(byId("collection"), byId("note")).catch(fail);
list().then((running) => running && follow(running.id), fail);
