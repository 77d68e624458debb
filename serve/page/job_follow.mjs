// SPDX-License-Identifier: Apache-2.0
// What pages of long work share: collections to choose from, a job begun and followed by its events, and how far it is.
import { byId, call, node, send } from "/site.mjs";

export const API = "/api/v1";
export const stateWords = { queued: "waits", running: "runs", done: "done", failed: "failed", cancelled: "cancelled" };
export const kindWords = { index: "Index", duplicates: "Duplicates", map: "Map", vectors: "Vectors", training: "Training" };

export async function fillCollections(select, note) {
  const { body } = await call(`${API}/collections`);
  for (const c of body.collections) {
    select.append(node("option", { value: c.name }, c.indexed ? `${c.name} (${c.pictures.toLocaleString("en")} pictures indexed)` : c.name));
  }
  if (!body.collections.length) note.textContent = "No folder may be read yet: start likeness serve with --collection NAME=DIR.";
  return body.collections.length > 0;
}

export const begin = async (kind, settings) => (await send("POST", `${API}/${kind}`, settings)).body;
export const cancel = async (id) => (await call(`${API}/jobs/${id}`, { method: "DELETE" })).body;
export const job = async (id) => (await call(`${API}/jobs/${id}`)).body;

const seconds = (s) => s >= 90 ? `${Math.round(s / 60)} min` : `${Math.round(s)} s`;

export function progressWords(p) {
  if (!p) return "";
  const left = p.left_s > 1 ? `, ${seconds(p.left_s)} left` : "";
  const what = [p.step, p.what].filter(Boolean).join(": ");
  return `${what} ${p.done.toLocaleString("en")} of ${p.total.toLocaleString("en")}${left}`;
}

// Calls heard(type, document) for each event of a job until it has ended; returns what stops listening.
export function follow(id, heard) {
  const source = new EventSource(`${API}/jobs/${id}/events`);
  for (const type of ["job.state", "job.progress", "job.epoch", "job.log"]) {
    source.addEventListener(type, (event) => {
      const document = JSON.parse(event.data);
      heard(type, document);
      if (type === "job.state" && !["queued", "running"].includes(document.state)) source.close();
    });
  }
  // The news of a job that ended long ago are forgotten: there is no stream, and its document says all.
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) job(id).then((document) => heard("job.state", document)).catch(() => {});
  });
  return () => source.close();
}

// The part of a page that shows one job: #progress, #status, #cancel. Calls ended(document) and epoch(document).
export function watch(id, { ended, epoch = () => {} }) {
  const bar = byId("progress"), status = byId("status"), stop = byId("cancel");
  byId("running").hidden = false;
  stop.hidden = bar.hidden = false;
  stop.disabled = false;
  stop.onclick = () => {
    status.tabIndex = -1;
    status.focus(); // the button goes
    stop.disabled = true;
    cancel(id).catch((error) => { status.textContent = error.message; });
  };
  return follow(id, (type, d) => {
    if (type === "job.epoch") { epoch(d.training); return; }
    if (type === "job.log") return;
    const isOver = !["queued", "running"].includes(d.state);
    if (d.progress && d.state === "running") {
      bar.max = d.progress.total || 1;
      bar.value = d.progress.done;
    } else if (isOver) {
      bar.hidden = true;
    } else {
      bar.removeAttribute("value");
    }
    status.textContent = d.failure ? `Job ${id} failed: ${d.failure}`
      : `Job ${id} ${stateWords[d.state]}${d.state === "running" && d.progress ? ": " + progressWords(d.progress) : ""}`;
    if (isOver) {
      stop.hidden = true;
      ended(d);
    }
  });
}
