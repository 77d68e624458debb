// SPDX-License-Identifier: Apache-2.0
// What the pages share: documented calls, uploads, elements, what is remembered. Nothing is built from strings.
export const byId = (id) => document.getElementById(id);

export const verdictWords = { same: "SAME", different: "NOT THE SAME", "cannot-tell": "CANNOT TELL" };
// Of a verdict, with what is known of changes where the thing is the same; comparisons, which have no `intact`, do not say.
const intactWords = { altered: ", ALTERED", "cannot-tell": ", CHANGES UNKNOWN" };
export const wordsOf = ({ verdict, intact }) => verdictWords[verdict] + (verdict === "same" ? intactWords[intact] ?? "" : "");

// The answer of a call as { body, headers }; an Error with the problem's words, `status` and `code` when it is refused.
export async function call(path, options = {}) {
  const answer = await fetch(path, options).catch(() => {
    throw new Error("the service does not answer: is it still running?");
  });
  const isJson = answer.status !== 204 && /json/.test(answer.headers.get("Content-Type") ?? "");
  const body = isJson ? await answer.json() : await answer.text();
  if (answer.status === 401) toLogin();
  if (!answer.ok) throw Object.assign(new Error(body.detail ?? answer.statusText), { status: answer.status, code: body.code });
  return { body, headers: answer.headers };
}

function toLogin() {
  const { pathname, search } = window.location;
  if (pathname !== "/login") window.location.assign(`/login?${new URLSearchParams({ to: pathname + search })}`);
}

export function send(method, path, document, headers = {}) {
  return call(path, { method, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(document) });
}

export async function upload(file) {
  const { body } = await call("/api/v1/images?name=" + encodeURIComponent(file.name), {
    method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" },
  });
  return body;
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

// node("a", { href: "/" }, "start"): an element with attributes, listeners (onclick) and children.
export const node = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
export const svg = (name, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

// Calls take(files) with pictures that are dropped anywhere or pasted; `zone` is marked while they hover.
export function takeFiles(zone, take) {
  document.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) zone.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files.length) take([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) take([...event.clipboardData.files]);
  });
}

// Shows a picture that is not uploaded yet, turned upright, on a canvas; hidden when the browser cannot read it.
export async function preview(canvas, file, longest = 320) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    canvas.hidden = false;
  } catch {
    canvas.hidden = true;
  }
}

// ---- verdicts: a word, a symbol and a colour ----
const strokes = {
  same: "M14 19h20M14 29h20", different: "M14 19h20M14 29h20M31 12L17 36",
  "cannot-tell": "M17 19c0-10 14-10 14 0 0 5-7 5-7 10M24 35.5v.1",
};

export const verdictSymbol = (verdict) => svg("svg", { viewBox: "0 0 48 48", "aria-hidden": "true" },
  svg("circle", { cx: 24, cy: 24, r: 21 }), svg("path", { d: strokes[verdict] }));

// A bar that is filled to value (0..1). The number beside it says the same.
export const bar = (value) => svg("svg", { class: "bar", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" },
  svg("rect", { class: "track", width: 100, height: 4 }),
  svg("rect", { class: "fill", width: 100 * Math.min(Math.max(value, 0), 1), height: 4 }));

export const facts = (rows) => node("dl", { class: "facts" }, rows.filter(([, value]) => value != null && value !== "")
  .map(([name, value]) => node("div", {}, node("dt", {}, name), node("dd", {}, value))));

export const when = (time) => new Date(time).toLocaleString(undefined, {
  year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "short" });

// ---- results of this tab ----
const REMEMBERED = "likeness.results", MOST = 12;

export function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(REMEMBERED)) ?? [];
  } catch {
    return [];
  }
}

// { href, what: "compare", names: "a.png and b.jpg", verdict }: the newest first, each address once.
export function remember(entry) {
  const rest = remembered().filter((other) => other.href !== entry.href);
  try {
    sessionStorage.setItem(REMEMBERED, JSON.stringify([{ ...entry, at: new Date().toISOString() }, ...rest].slice(0, MOST)));
  } catch { /* a browser that keeps nothing */ }
}

// The current page's link is in sight where the list of pages is wider than the screen.
const here = document.querySelector("nav a[aria-current]");
if (here) here.closest("ul").scrollLeft = here.offsetLeft - here.closest("ul").offsetLeft - 16;

// A page that comes back as it was left asks again: what it shows may have changed, also who may see it.
window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });

// Who is logged in, where one has to be.
async function showSession() {
  const { body } = await call("/api/v1/session");
  if (body.auth && !body.name) toLogin();
  if (!body.auth || !body.name) return;
  const leave = async () => {
    await call("/logout", { method: "POST" });
    window.location.assign("/login");
  };
  document.querySelector("body > header").append(node("p", { class: "session" }, body.name,
    node("button", { type: "button", class: "plain", onclick: leave }, "Log out")));
}
showSession().catch(() => {});
