// SPDX-License-Identifier: Apache-2.0
// What the pages share: documented calls, uploads, elements. Nothing is built from strings.
export const byId = (id) => document.getElementById(id);

export const verdictWords = { same: "SAME", different: "NOT THE SAME", "cannot-tell": "CANNOT TELL" };

// The answer of a call as { body, headers }; an Error with the problem's words, `status` and `code` when it is refused.
export async function call(path, options = {}) {
  const answer = await fetch(path, options);
  const isJson = /json/.test(answer.headers.get("Content-Type") ?? "");
  const body = isJson ? await answer.json() : await answer.text();
  if (!answer.ok) throw Object.assign(new Error(body.detail ?? answer.statusText), { status: answer.status, code: body.code });
  return { body, headers: answer.headers };
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
  element.append(...children);
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
