// SPDX-License-Identifier: Apache-2.0
// One camera: where it stands, what happened, and what people do about it. The address names it: /cameras/ID.
import { byId, call, facts, node, send, upload } from "/site.mjs";
import { drawAim } from "/camera_aim.mjs";
import { ago, cameraState, follow, score, stateOf, stateWord, time } from "/camera_parts.mjs";
import { belowWords, spanWords, tableRows } from "/camera_series.mjs";
import { drawTimeline } from "/camera_timeline.mjs";
import { maskEditor, areaText } from "/mask_editor.mjs";

const PAGE = 50;
const id = decodeURIComponent(location.pathname.split("/")[2]);
const api = `/api/v1/cameras/${encodeURIComponent(id)}`;
let camera = null, started, events = [], next = null, chosen = 0, hours = 24, series = null, limit = null, marks = "", sent = null, changedMask = false;

const say = (place, words) => { byId(place).textContent = words; };

// ---- where it stands ----
const turned = (o) => [[o.pan_px, "right", "left"], [o.tilt_px, "down", "up"]].filter(([v]) => Math.abs(v) >= 0.5)
  .map(([v, more, less]) => `${Math.abs(v).toFixed(0)} px ${v > 0 ? more : less}`).join(", ");

function showStanding(c) {
  byId("name").textContent = c.name || c.id;
  document.title = `likeness: ${c.name || c.id}`;
  const words = `${stateOf(c.state).words}${c.latched ? ", waits to be seen" : ""}`;
  if (byId("standing").dataset.words !== words + c.enabled) {
    byId("standing").dataset.words = words + c.enabled;
    byId("standing").replaceChildren(cameraState(c), ` ${c.enabled || c.latched ? stateOf(c.state).means : "is not watched"}${c.latched ? " · waits to be seen" : ""}`);
  }
  byId("facts").replaceWith(Object.assign(facts([
    ["Since", c.since_ms ? time(c.since_ms) : "it has not looked yet"], ["Last frame", c.looked_ms ? ago(c.looked_ms) : ""],
    ["Score", score(c.score)], ["Frames so far", String(c.frames)], ["Reference views", `${c.baselines} of at most ${c.settings.baselines}`],
    ["Turned", c.offset.reliability > 0 && c.state !== "ok" ? turned(c.offset) : ""],
    ["Areas left out", String(c.areas_left_out)], ["Number", c.id],
  ]), { id: "facts" }));
  byId("alarm").hidden = !c.latched;
  const open = events.find((e) => !e.acknowledged_ms && e.state !== "ok");
  byId("alarm-words").replaceChildren(...(open ? [stateWord(open.state), ` ${stateOf(open.state).means}, since `, time(Date.parse(open.document.since)), "."] : []));
  byId("normal").disabled = !open || !open.document.after.picture;
}

function fillSettings(c) {
  if (byId("settings").contains(document.activeElement) || byId("settings").dataset.touched) return;
  byId("set-name").value = c.name;
  byId("set-confirm").value = c.confirm;
  byId("set-every").value = c.every_s;
  byId("set-hold").value = c.hold_s;
  byId("set-view").value = c.settings.field_of_view_deg;
  byId("set-enabled").checked = c.enabled;
}

// ---- events ----
const answerOf = (e) => e.acknowledged_ms ? ["acknowledged ", time(e.acknowledged_ms)] : e.state === "ok" ? ["all is well again"] : [node("strong", {}, "open")];

function showEvents() {
  const focused = document.activeElement?.closest("#events") ? [document.activeElement.dataset.event, document.activeElement.dataset.act] : null;
  byId("events").replaceChildren(...events.map((e) => {
    const isOpen = !e.acknowledged_ms && e.state !== "ok";
    const act = (name, words, label, run) => node("button", { type: "button", "data-event": e.id, "data-act": name, "aria-label": `${words}: ${label} ${e.id}`, onclick: run }, words);
    return node("tr", { class: isOpen ? "open" : "", "aria-current": e.id === chosen ? "true" : null },
      node("th", { scope: "row" }, stateWord(e.state)), node("td", {}, time(e.time_ms)),
      node("td", { class: "number" }, e.document.score == null ? "no picture" : `score ${score(e.document.score)}`), node("td", {}, answerOf(e)),
      node("td", {}, node("div", { class: "actions" }, act("show", "Show", "the pictures of event", () => chooseEvent(e.id)),
        isOpen && act("seen", "Seen", "acknowledge event", () => acknowledge(e.id, false)),
        isOpen && e.document.after.picture && act("normal", "New normal", "what it is since event", () => acknowledge(e.id, true)))));
  }));
  if (events.length === 0) byId("events").append(node("tr", {}, node("td", { colspan: 5, class: "hint" }, "Nothing yet.")));
  byId("older").hidden = next === null;
  if (focused) byId("events").querySelector(`[data-event="${focused[0]}"][data-act="${focused[1]}"]`)?.focus({ preventScroll: true });
  showTimeline();
}

function showTimeline() {
  if (!series) return;
  const line = limit ?? series.limit;
  byId("timeline-place").replaceChildren(
    drawTimeline({ camera, events, series, limit: line, hours, width: byId("timeline-place").clientWidth || 640, started, choose: chooseEvent }));
  byId("limit").value = line;
  byId("limit-said").textContent = belowWords(series, camera, line, hours);
  byId("own-limit").hidden = line === series.limit;
}

async function loadSeries() {
  const to = Date.now();
  series = (await call(`${api}/series?from=${to - hours * 3600e3}&to=${to}`)).body;
  byId("scores-caption").textContent = `Scores of the last ${spanWords(hours)}, the newest first`;
  byId("scores").replaceChildren(...tableRows(series, hours));
  if (series.points.length === 0) byId("scores").append(node("tr", {}, node("td", { colspan: 6, class: "hint" }, "Nobody watched.")));
}

function chooseEvent(event) {
  chosen = event;
  const e = events.find((one) => one.id === event);
  byId("event-figure").hidden = !e || !e.document.after.picture;
  if (e?.document.after.picture) {
    byId("event").src = `/api/v1/camera-events/${e.id}/after?w=800`;
    byId("event").alt = `the frame that shows it: ${stateOf(e.state).means}`;
    byId("event-when").replaceChildren(": ", stateOf(e.state).words, ", ", time(e.time_ms));
  }
  for (const row of byId("events").children) row.toggleAttribute("aria-current", row.querySelector(`[data-event="${event}"]`) !== null);
}

async function loadEvents() {
  const { body } = await call(`${api}/events?limit=${PAGE}`);
  const fresh = body.events.reverse(), oldest = fresh.at(-1)?.id ?? 0;
  const older = events.filter((e) => e.id < oldest);
  events = [...fresh, ...older];
  if (older.length === 0) next = body.next ?? null;
  if (chosen === 0 && events.length) chooseEvent((events.find((e) => e.document.after.picture && e.state !== "ok") ?? events[0]).id);
}

async function acknowledge(event, normal) {
  try {
    await send("POST", normal ? `/api/v1/camera-events/${event}/ack` : `${api}/ack`,
      { ...(normal ? { normal } : {}), note: byId("note").value, ...(byId("actor").value ? { actor: byId("actor").value } : {}) });
    byId("note").value = "";
    marks = "";
    await refresh();
    byId("name").focus();
  } catch (error) {
    fail(error);
  }
}

// ---- what the store has of it ----
async function showViews() {
  const { body } = await call(`${api}/baselines?retired=true`);
  const origins = { first: "the first", asked: "added beside", learnt: "learnt by itself", accepted: "the new normal" };
  started = Math.min(...body.baselines.map((v) => v.taken_ms));
  const used = body.baselines.filter((v) => !v.retired_ms);
  byId("reference-when").replaceChildren(...(used.length ? [": since ", time(used.at(-1).taken_ms)] : []));
  byId("reference").src = `${api}/baselines/${used.at(-1)?.number ?? "newest"}?w=800`;
  byId("views").replaceChildren(...body.baselines.reverse().map((v) => node("li", { class: v.retired_ms ? "old" : "" },
    node("img", { src: `${api}/baselines/${v.number}?w=320`, alt: `reference view ${v.number}`, loading: "lazy" }),
    `${v.number}: ${origins[v.origin] ?? v.origin}, `, time(v.taken_ms), v.retired_ms ? node("span", {}, " until ", time(v.retired_ms)) : " · in use")));
}

async function showRecord() {
  const { body } = await call(`/api/v1/audit?kind=camera&subject=${encodeURIComponent(id)}&limit=20`);
  const words = { "camera.add": "added", "camera.set": "settings or areas changed", "camera.ack": "acknowledged", "camera.baseline": "reference view", "camera.rm": "removed" };
  const payload = (e) => typeof e.payload === "string" ? JSON.parse(e.payload) : e.payload;
  byId("record").replaceChildren(...body.entries.reverse().map((e) => node("tr", {}, node("td", {}, time(Date.parse(e.at))), node("td", {}, words[e.kind] ?? e.kind),
    node("td", {}, e.actor || "nobody"), node("td", {}, payload(e)?.note ?? ""))));
}

const mask = maskEditor({ alt: "the reference view, on which areas are drawn", changed: () => {
  changedMask = true;
  byId("save-mask").disabled = false;
  say("mask-said", "Not saved yet.");
} });

function showMask(c) {
  if (changedMask) return;
  const areas = c.settings.ignore.map((flat) => flat.flatMap((v, i) => i % 2 ? [] : [[v, flat[i + 1]]]));
  if (areas.map(areaText).join("|") !== mask.texts().join("|")) mask.set(areas);
}

// ---- all of it, again and again ----
function fail(error) {
  byId("problem").textContent = `That did not work: ${error.message}`;
  byId("problem").hidden = false;
}

async function refresh() {
  camera = (await call(api)).body;
  byId("whole").hidden = false;
  const mark = JSON.stringify([camera.looked_ms, camera.state, camera.latched, camera.baselines, camera.settings]);
  if (mark !== marks) {
    await Promise.all([loadEvents(), loadSeries(), showViews(), showRecord()]);
    byId("now").src = `${api}/now?w=800&at=${camera.looked_ms}`;
    byId("now-when").replaceChildren(...(camera.looked_ms ? [": ", time(camera.looked_ms)] : []));
    if (!marks) mask.picture(`${api}/baselines/newest`);
    marks = mark;
    showEvents();
    showMask(camera);
  }
  fillSettings(camera);
  showStanding(camera);
  byId("problem").hidden = true;
}

async function work(place, button, words, act) {
  button.disabled = true;
  say(place, words);
  try {
    say(place, await act());
  } catch (error) {
    say(place, `That did not work: ${error.message}`);
  }
  button.disabled = false;
}

async function aim(file) {
  if (!file) return;
  sent = file;
  await work("aim-said", byId("send"), "Looking.", async () => {
    const { id: image } = await upload(file);
    drawAim(byId("aim"), (await call(`${api}/aim?image=${image}`)).body);
    return "";
  });
}

byId("mask-place").append(mask);
new ResizeObserver(() => camera && showTimeline()).observe(byId("events-caption"));
byId("answer").addEventListener("submit", (event) => {
  event.preventDefault();
  acknowledge(0, false);
});
byId("normal").addEventListener("click", () => acknowledge(events.find((e) => !e.acknowledged_ms && e.state !== "ok").id, true));
byId("spans").addEventListener("click", async (event) => {
  if (!event.target.dataset.hours) return;
  hours = Number(event.target.dataset.hours);
  for (const b of byId("spans").children) b.setAttribute("aria-pressed", String(b === event.target));
  await loadSeries().catch(fail);
  showTimeline();
});
byId("limit").addEventListener("input", () => {
  limit = Number(byId("limit").value);
  showTimeline();
});
byId("own-limit").addEventListener("click", () => {
  limit = null;
  showTimeline();
  byId("limit").focus();
});
byId("older").addEventListener("click", async () => {
  const { body } = await call(`${api}/events?limit=${PAGE}&before=${next}`);
  events = [...events, ...body.events.reverse()];
  next = body.next ?? null;
  showEvents();
});
byId("aim-file").addEventListener("change", (event) => aim(event.target.files[0]));
byId("aim-camera").addEventListener("change", (event) => aim(event.target.files[0]));
byId("send").addEventListener("click", () => work("aim-said", byId("send"), "Sending.", async () => {
  const { body } = await call(`${api}/frames`, { method: "POST", body: sent, headers: { "Content-Type": "application/octet-stream" } });
  await refresh();
  return `The frame shows: ${stateOf(body.state).words}${body.sure ? "" : ", but not for sure"}. A change counts after ${camera.confirm} frames.`;
}));
byId("save-mask").addEventListener("click", () => work("mask-said", byId("save-mask"), "Saving.", async () => {
  await send("POST", `${api}/mask`, { ignore: mask.texts() });
  changedMask = false;
  marks = "";
  await refresh();
  return `Saved: ${mask.texts().length === 1 ? "1 area is" : `${mask.texts().length} areas are`} left out.`;
}));
byId("view-file").addEventListener("change", (event) => { byId("add-view").disabled = !event.target.files.length; });
byId("add-view").addEventListener("click", () => work("view-said", byId("add-view"), "Adding.", async () => {
  const { id: image } = await upload(byId("view-file").files[0]);
  await send("POST", `${api}/baselines`, { image, beside: byId("beside").checked });
  marks = "";
  await refresh();
  return byId("beside").checked ? "Added beside the others." : "It is the only reference from now on.";
}));
byId("remove").addEventListener("click", () => byId("sure").showModal());
byId("sure").addEventListener("close", () => byId("sure").returnValue === "yes" && work("remove-said", byId("remove"), "Removing.", async () => {
  const note = byId("remove-note").value;
  await call(`${api}${note ? `?${new URLSearchParams({ note })}` : ""}`, { method: "DELETE" });
  window.location.assign("/cameras");
  return "Removed.";
}));
byId("settings").addEventListener("input", () => { byId("settings").dataset.touched = "yes"; });
byId("settings").addEventListener("submit", (event) => {
  event.preventDefault();
  work("settings-said", event.submitter, "Saving.", async () => {
    await send("PATCH", api, { name: byId("set-name").value, confirm: Number(byId("set-confirm").value), every_s: Number(byId("set-every").value),
      hold_s: Number(byId("set-hold").value), field_of_view_deg: Number(byId("set-view").value), enabled: byId("set-enabled").checked });
    delete byId("settings").dataset.touched;
    await refresh();
    return "Saved.";
  });
});
byId("curl").textContent = [
  `curl ${location.origin}${api}`, `curl ${location.origin}${api}/events`, `curl ${location.origin}${api}/series`,
  `curl --data-binary @frame.jpg -H 'Content-Type: image/jpeg' ${location.origin}${api}/frames`,
  `curl -H 'Content-Type: application/json' -d '{"note": "seen"}' ${location.origin}${api}/ack`,
].join("\n");
follow(async () => {
  try {
    await refresh();
  } catch (error) {
    fail(error);
  }
}, (news) => news.camera === id)();
