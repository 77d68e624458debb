// SPDX-License-Identifier: Apache-2.0
// States, scores, reference views and events of a camera over time. What stood before the oldest event that is known is what that
// event says it was.
import { svg } from "/site.mjs";
import { stateOf } from "/camera_parts.mjs";
import { gapsOf, runsOf, spanWords } from "/camera_series.mjs";

// From the top: marks of events, the plot of scores, the strip of states, the strip of reference views, the times.
const HEIGHT = 216, TOP = 34, BOTTOM = 134, STATE = 150, VIEW = 166, TICK_ROOM = 64, LEFT = 34, RIGHT = 12;

// [{ from, to, state }] in ms, from when it began to look to the end.
function bands(events, camera, begin, end) {
  const steps = [...events].reverse().map((e) => ({ at: Date.parse(e.document.since), state: e.state, before: e.document.previous }));
  const list = [];
  let at = begin, state = steps[0]?.before ?? camera.state;
  for (const step of steps) {
    if (step.at > at) list.push({ from: at, to: Math.min(step.at, end), state });
    at = Math.max(at, step.at);
    state = step.state;
  }
  return [...list, { from: at, to: end, state: events.length ? state : camera.state }].filter((b) => b.to > b.from);
}

function ticks(begin, hours, most) {
  const unit = hours <= 24 ? 3 * 3600e3 : 86400e3, list = [];
  const step = unit * Math.max(1, Math.ceil(hours * 3600e3 / unit / most));
  const first = new Date(begin);
  first.setHours(0, 0, 0, 0);
  for (let at = first.getTime(); at <= begin + hours * 3600e3; at += step) if (at > begin) list.push(at);
  const format = new Intl.DateTimeFormat(undefined, hours <= 24 ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" });
  return list.map((at) => ({ at, text: format.format(at) }));
}

const y = (score) => BOTTOM - score * (BOTTOM - TOP);

// A line without breaks: its ends as an area, its mean as a line.
function drawRun(run, middle) {
  const path = (of) => run.map((p) => `${middle(p).toFixed(1)} ${y(of(p)).toFixed(1)}`).join("L");
  return [
    svg("path", { class: "spread", d: `M${path((p) => p.highest)}L${[...run].reverse().map((p) => `${middle(p).toFixed(1)} ${y(p.lowest).toFixed(1)}`).join("L")}Z` }),
    svg("path", { class: "scores", d: `M${path((p) => p.score)}${run.length === 1 ? "h0.01" : ""}` }),
  ];
}

// Times in which one reference view was the nearest.
function viewsOf(points) {
  const list = [];
  for (const p of points.filter((one) => one.baseline)) {
    if (list.at(-1)?.view === p.baseline) list.at(-1).last = p;
    else list.push({ view: p.baseline, first: p, last: p });
  }
  return list;
}

// width: pixels that there are for it; series: what /series answered; limit: where the line is drawn.
export function drawTimeline({ camera, events, series, limit, hours, width, started, choose }) {
  const end = series.to_ms, begin = end - hours * 3600e3, step = 1000 * series.step_s;
  const x = (ms) => (Math.min(Math.max(ms, begin), end) - begin) / (end - begin) * (width - LEFT - RIGHT) + LEFT;
  const middle = (p) => x(p.at_ms + step / 2);
  const inside = events.filter((e) => e.time_ms >= begin);
  const shown = bands(events, camera, Math.max(begin, started ?? begin), end);
  const box = (name, from, to, top, bottom, ...more) => svg("rect", { class: name, x: x(from), width: Math.max(2, x(to) - x(from)), y: top, height: bottom - top }, ...more);
  const scores = series.points.filter((p) => p.frames > 0);
  const words = `${inside.length} ${inside.length === 1 ? "event" : "events"} in the last ${spanWords(hours)}; now ${stateOf(camera.state).words}`
    + (scores.length ? `; lowest score ${Math.min(...scores.map((p) => p.lowest)).toFixed(2)}` : "; no scores");
  return svg("svg", { class: "timeline", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": words },
    svg("defs", {}, svg("pattern", { id: "gap-hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, svg("path", { class: "hatch", d: "M0 0v6" }))),
    ...shown.filter((b) => b.state !== "ok").map((b) => box("bad-time", b.from, b.to, TOP, BOTTOM)),
    ...gapsOf(series, camera, begin).map((g) => box(`gap ${g.missed ? "missed" : ""}`, g.from, g.to, TOP, BOTTOM, svg("title", {}, g.missed ? "no picture came" : "nobody watched"))),
    ...ticks(begin, hours, Math.max(2, width / TICK_ROOM)).flatMap((t) => [svg("line", { class: "tick", x1: x(t.at), x2: x(t.at), y1: TOP - 6, y2: VIEW + 18 }),
      svg("text", { x: x(t.at), y: HEIGHT - 8, "text-anchor": x(t.at) > width - 30 ? "end" : x(t.at) < 30 ? "start" : "middle" }, t.text)]),
    ...[0, 0.5, 1].flatMap((s) => [svg("line", { class: "tick", x1: LEFT, x2: width - RIGHT, y1: y(s), y2: y(s) }), svg("text", { x: LEFT - 6, y: y(s) + 4, "text-anchor": "end" }, String(s))]),
    ...runsOf(series, camera).flatMap((run) => drawRun(run, middle)),
    svg("line", { class: "limit", x1: LEFT, x2: width - RIGHT, y1: y(limit), y2: y(limit) }),
    ...shown.map((b) => box(`band ${b.state === "ok" ? "good" : "bad"}`, b.from, b.to, STATE - (b.state === "ok" ? 3 : 8), STATE + (b.state === "ok" ? 3 : 8), svg("title", {}, stateOf(b.state).words))),
    ...viewsOf(series.points).flatMap((v) => {
      const from = v.first.at_ms, to = v.last.at_ms + step;
      return [box(`view ${v.view % 2 ? "odd" : "even"}`, from, to, VIEW, VIEW + 18, svg("title", {}, `held against reference view ${v.view}`)),
        x(to) - x(from) > 16 && svg("text", { class: "view-number", x: (x(from) + x(to)) / 2, y: VIEW + 13, "text-anchor": "middle" }, String(v.view))];
    }),
    ...inside.map((e) => svg("path", { class: `mark ${e.acknowledged_ms || e.state === "ok" ? "" : "open"}`, d: `M${x(e.time_ms)} 6l9 9l-9 9l-9 -9z`, onclick: () => choose(e.id) },
      svg("title", {}, `${stateOf(e.state).words}, ${new Date(e.time_ms).toLocaleString()}`))));
}
