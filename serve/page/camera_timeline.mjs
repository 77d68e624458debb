// SPDX-License-Identifier: Apache-2.0
// States and events of a camera over time, since it was added. What stood before the oldest event that is known is what that event
// says it was.
import { svg } from "/site.mjs";
import { stateOf } from "/camera_parts.mjs";

const HEIGHT = 120, TOP = 30, BOTTOM = 74, TICK_ROOM = 64, EDGE = 14;

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

// width: pixels that there are for it.
export function drawTimeline({ camera, events, hours, width, started, choose }) {
  const end = Date.now(), begin = end - hours * 3600e3;
  const x = (ms) => (ms - begin) / (end - begin) * (width - 2 * EDGE) + EDGE;
  const inside = events.filter((e) => e.time_ms >= begin);
  const shown = bands(events, camera, Math.max(begin, started ?? begin), end);
  const words = `${inside.length} ${inside.length === 1 ? "event" : "events"} in the last ${hours <= 24 ? "24 hours" : `${hours / 24} days`}; now ${stateOf(camera.state).words}`;
  return svg("svg", { class: "timeline", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": words },
    ...shown.map((b) => svg("rect", { class: `band ${b.state === "ok" ? "good" : "bad"}`, x: x(b.from), width: Math.max(2, x(b.to) - x(b.from)), y: b.state === "ok" ? TOP + 14 : TOP, height: b.state === "ok" ? BOTTOM - TOP - 14 : BOTTOM - TOP })),
    ...ticks(begin, hours, Math.max(2, width / TICK_ROOM)).flatMap((t) => [svg("line", { class: "tick", x1: x(t.at), x2: x(t.at), y1: TOP - 8, y2: BOTTOM + 8 }),
      svg("text", { x: x(t.at), y: HEIGHT - 14, "text-anchor": x(t.at) > width - 30 ? "end" : x(t.at) < 30 ? "start" : "middle" }, t.text)]),
    ...inside.map((e) => svg("path", { class: `mark ${e.acknowledged_ms || e.state === "ok" ? "" : "open"}`, d: `M${x(e.time_ms)} 6l9 9l-9 9l-9 -9z`, onclick: () => choose(e.id) },
      svg("title", {}, `${stateOf(e.state).words}, ${new Date(e.time_ms).toLocaleString()}`))));
}
