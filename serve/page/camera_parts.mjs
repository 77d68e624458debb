// SPDX-License-Identifier: Apache-2.0
// What the pages of cameras share: states as word, symbol and colour, times, and following what happens.
import { node, svg } from "/site.mjs";

// Lower is worse: what comes first on the wall.
const STATES = {
  lost: { rank: 0, words: "LOST", means: "no picture comes", path: "M4 4l16 16M20 4L4 20" },
  replaced: { rank: 1, words: "REPLACED", means: "shows another scene", path: "M4 8h14l-4-4M20 16H6l4 4" },
  covered: { rank: 2, words: "COVERED", means: "something hides the view", path: "M4 4h16v16H4zM4 20L20 4M4 12l8-8M12 20l8-8" },
  moved: { rank: 3, words: "MOVED", means: "looks elsewhere", path: "M3 12h18M15 6l6 6-6 6" },
  defocused: { rank: 4, words: "OUT OF FOCUS", means: "is less sharp than its reference", path: "M12 4a8 8 0 1 0 .1 0zM12 9a3 3 0 1 0 .1 0z" },
  dark: { rank: 5, words: "DARK", means: "there is nothing to see", path: "M20 14A8 8 0 1 1 10 4a6.5 6.5 0 0 0 10 10z" },
  frozen: { rank: 6, words: "FROZEN", means: "sends the same picture again and again", path: "M12 3v18M4 7.5l16 9M20 7.5l-16 9" },
  ok: { rank: 9, words: "OK", means: "shows what it should", path: "M4 13l5 5L20 6" },
};
export const stateOf = (name) => STATES[name] ?? { rank: 8, words: name.toUpperCase(), means: "", path: "M12 4v16" };

export const symbol = (path) => svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: path }));
export function stateWord(name) {
  const s = stateOf(name);
  return node("span", { class: `state ${name === "ok" ? "good" : "bad"}` }, symbol(s.path), s.words);
}
export const cameraState = (c) => c.enabled === false && !c.latched
  ? node("span", { class: "state off" }, symbol("M6 5v14M18 5v14"), "OFF") : stateWord(c.state);

export const time = (ms) => node("time", { datetime: new Date(ms).toISOString() },
  new Date(ms).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }));
export function ago(ms) {
  const s = Math.max(0, (Date.now() - ms) / 1000);
  const [n, unit] = s < 90 ? [s, "second"] : s < 5400 ? [s / 60, "minute"] : s < 129600 ? [s / 3600, "hour"] : [s / 86400, "day"];
  return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(-Math.round(n), unit);
}
export const score = (v) => v == null ? "none" : v.toFixed(2);

const SELDOM_MS = 20000, OFTEN_MS = 4000;

// Calls act() now, at once when the service tells something of a camera that concerns the page, and again and again while the page
// is looked at: seldom while the service tells, often while it does not. Returns what calls it at once.
export function follow(act, concerns = () => true) {
  let timer = 0, stream = null, listens = false, isBusy = false, isDue = false;
  const turn = async () => {
    clearTimeout(timer);
    isDue = isBusy;
    if (document.hidden || isBusy) return;
    if (!stream || stream.readyState === EventSource.CLOSED) listen();
    isBusy = true;
    await act();
    isBusy = false;
    if (isDue) turn();
    else timer = setTimeout(turn, listens ? SELDOM_MS : OFTEN_MS);
  };
  function listen() {
    stream = new EventSource("/api/v1/events");
    stream.addEventListener("open", () => {
      listens = true;
      turn(); // what happened until then
    });
    stream.addEventListener("camera.state", (event) => { if (concerns(JSON.parse(event.data))) turn(); });
    stream.addEventListener("error", () => {
      if (listens) {
        clearTimeout(timer);
        timer = setTimeout(turn, OFTEN_MS);
      }
      listens = false;
    });
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      stream?.close();
      listens = false;
    } else {
      turn();
    }
  });
  return turn;
}
