// SPDX-License-Identifier: Apache-2.0
// A similarity map, /map/JOB: the map's own script shows the data of the job's file; a picture that is dropped is searched for in the
// collection, and lands beside what it is like.
import { byId, call, node, send, takeFiles, upload } from "/site.mjs";
import { API, follow, job, progressWords, stateWords } from "/job_follow.mjs";
import { showMap } from "/map_view.mjs";

const NEAREST = 12;
const id = decodeURIComponent(window.location.pathname.split("/").at(-1));
const say = (text) => { byId("status").textContent = text; };
let map = null, collection = "";

// What the file holds of the map: its scripts that are none, as elements of a fragment. No "<" stands in them.
const DATA = /<script type="(?:application\/json|text\/plain)"([^>]*)>([^<]*)<\/script>/g;
function fragmentOf(file) {
  const fragment = document.createDocumentFragment();
  for (const [, attributes, text] of file.matchAll(DATA)) {
    const element = node("div", Object.fromEntries([...attributes.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value])));
    element.textContent = text;
    fragment.append(element);
  }
  return fragment;
}

async function show() {
  const address = `${API}/jobs/${encodeURIComponent(id)}/files/map.html`;
  say("Loading the map.");
  const { body: file } = await call(address);
  byId("whole").href = address;
  byId("whole").hidden = byId("map").hidden = false;
  map = showMap(fragmentOf(file));
  byId("title").textContent = collection;
  document.title = `likeness: map of ${collection}`;
  say("");
}

async function land(file) {
  if (!file || !map) return;
  try {
    say("Uploading.");
    const picture = await upload(file);
    say("Searching the collection.");
    const { body } = await send("POST", `${API}/search`, { image: picture.id, collection, by: "embedding", k: NEAREST });
    const bitmap = await createImageBitmap(file).catch(() => null);
    say(map.land(file.name, bitmap, body.hits) ? "" : "What it is like is not on this map: the map is older than the index.");
  } catch (error) {
    say(`That did not work: ${error.message}`);
  }
}

// A job that is not done yet is waited for.
async function begin() {
  const j = await job(encodeURIComponent(id));
  ({ collection } = j);
  if (j.kind !== "map") throw new Error(`job ${id} is no map`);
  if (j.state === "done") return show();
  if (!["queued", "running"].includes(j.state)) throw new Error(`job ${id} ${stateWords[j.state]}${j.failure ? ": " + j.failure : ""}`);
  return follow(id, (type, d) => {
    if (type === "job.log") return;
    if (d.state === "done") show().catch((error) => say(error.message));
    else say(`Job ${id} ${stateWords[d.state]}${d.progress ? ": " + progressWords(d.progress) : d.failure ? ": " + d.failure : ""}`);
  });
}

byId("land").addEventListener("submit", (event) => event.preventDefault());
byId("file").addEventListener("change", (event) => land(event.target.files[0]));
takeFiles(byId("land"), (files) => land(files[0]));
begin().catch((error) => say(error.message));
