// SPDX-License-Identifier: Apache-2.0
// What a camera's series of scores says: where it breaks, how often it went below a line, and the same as a table.
import { node } from "/site.mjs";
import { score, stateOf } from "/camera_parts.mjs";

export const spanWords = (hours) => hours <= 24 ? "24 hours" : `${hours / 24} days`;

// Points further apart than this are not one line: nobody watched, or no picture came.
const reach = (series, camera) => Math.max(2000 * series.step_s, 2500 * camera.every_s);

// The points with frames, in pieces that hang together.
export function runsOf(series, camera) {
  const list = [];
  let last = null;
  for (const p of series.points) {
    if (p.frames > 0 && last?.frames > 0 && p.at_ms - last.at_ms <= reach(series, camera)) list.at(-1).push(p);
    else if (p.frames > 0) list.push([p]);
    last = p;
  }
  return list;
}

// Times without a picture since the first point: { from, to, missed }, missed where one was asked for.
export function gapsOf(series, camera, begin) {
  const step = 1000 * series.step_s, list = [];
  const add = (from, to, missed) => {
    if (list.at(-1)?.missed === missed && list.at(-1).to >= from) list.at(-1).to = to;
    else if (to > begin) list.push({ from, to, missed });
  };
  let at = null;
  for (const p of series.points) {
    if (at !== null && p.at_ms - at > reach(series, camera) - step) add(at, p.at_ms, false);
    if (p.frames === 0) add(p.at_ms, p.at_ms + step, true);
    at = p.at_ms + step;
  }
  if (at !== null && series.to_ms - at > reach(series, camera)) add(at, series.to_ms, false);
  return list;
}

// How often and how long the score lay below the line.
export function belowWords(series, camera, limit, hours) {
  let times = 0, ms = 0;
  for (const run of runsOf(series, camera)) {
    for (const [i, p] of run.entries()) {
      if (p.lowest >= limit) continue;
      times += i === 0 || run[i - 1].lowest >= limit;
      ms += i + 1 < run.length ? run[i + 1].at_ms - p.at_ms : 1000 * series.step_s;
    }
  }
  const minutes = Math.max(1, Math.round(ms / 60e3));
  const long = minutes >= 120 ? `${Math.round(minutes / 60)} hours` : `${minutes} ${minutes === 1 ? "minute" : "minutes"}`;
  return times === 0 ? `Never below ${limit.toFixed(2)} in the last ${spanWords(hours)}.`
    : `Below ${limit.toFixed(2)} ${times === 1 ? "once" : `${times} times`} in the last ${spanWords(hours)}, ${long} together.`;
}

// Rows of the table: hours, quarters of a day or days.
export function tableRows(series, hours) {
  const unit = (hours <= 24 ? 1 : hours <= 168 ? 6 : 24) * 3600e3, rows = new Map();
  const start = (ms) => {
    const day = new Date(ms).setHours(0, 0, 0, 0);
    return day + Math.floor((ms - day) / unit) * unit;
  };
  for (const p of series.points) {
    const at = start(p.at_ms), row = rows.get(at) ?? { frames: 0, missed: 0, sum: 0, lowest: null, highest: null };
    rows.set(at, row);
    row.missed += p.missed;
    row.state = p.state;
    if (p.frames > 0) {
      row.frames += p.frames;
      row.sum += p.score * p.frames;
      row.lowest = Math.min(row.lowest ?? 1, p.lowest);
      row.highest = Math.max(row.highest ?? 0, p.highest);
    }
  }
  const format = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", ...(hours <= 168 ? { hour: "2-digit", minute: "2-digit" } : {}) });
  return [...rows].reverse().map(([at, r]) => node("tr", {}, node("th", { scope: "row" }, node("time", { datetime: new Date(at).toISOString() }, format.format(at))),
    ...[r.lowest, r.frames > 0 ? r.sum / r.frames : null, r.highest].map((v) => node("td", { class: "number" }, score(v))),
    node("td", { class: "number" }, `${r.frames}${r.missed ? ` (${r.missed} missed)` : ""}`), node("td", {}, stateOf(r.state).words)));
}
