// SPDX-License-Identifier: Apache-2.0
// Areas to leave out, drawn on a picture: rectangles and polygons by mouse, finger or keys; a table has the same as numbers. Areas are
// [[x, y], ...] in shares of the picture, 0..1; the service takes and gives them as texts in per cent.
import { node, svg } from "/site.mjs";

const STEP = 0.01, LARGE_STEP = 0.05, LEAST = 0.004, SCREEN = 75;
const clamp = (v) => Math.min(1, Math.max(0, v));
const percent = (v) => String(Math.round(v * 10000) / 100);
const round = (v) => Math.round(v * 10000) / 10000;

export const isRectangle = (p) => p.length === 4 && p[0][1] === p[1][1] && p[1][0] === p[2][0] && p[2][1] === p[3][1] && p[3][0] === p[0][0];
const rectangle = (x, y, w, h) => [[x, y], [x + w, y], [x + w, y + h], [x, y + h]].map((point) => point.map(round));
const bounds = (p) => {
  const xs = p.map((v) => v[0]), ys = p.map((v) => v[1]);
  return { x: Math.min(...xs), y: Math.min(...ys), w: Math.max(...xs) - Math.min(...xs), h: Math.max(...ys) - Math.min(...ys) };
};

export function areaText(p) {
  const { x, y, w, h } = bounds(p);
  return isRectangle(p) ? [x, y, w, h].map((v) => `${percent(v)}%`).join(",") : p.map((v) => v.map((c) => `${percent(c)}%`).join(",")).join(" ");
}

// Texts in pixels want the picture's size.
export function readArea(text, width, height) {
  const share = (part, whole) => round(part.endsWith("%") ? Number(part.slice(0, -1)) / 100 : Number(part) / whole);
  if (text.trim().includes(" ")) return text.trim().split(/\s+/).map((pair) => pair.split(",")).map(([x, y]) => [share(x, width), share(y, height)]);
  const [x, y, w, h] = text.split(",");
  return rectangle(share(x, width), share(y, height), share(w, width), share(h, height));
}

// An element with `areas` (texts), set(areas), picture(address); changed() is called after each change.
export function maskEditor({ picture, alt, areas = [], changed = () => {} }) {
  let now = areas, past = [], tool = "choose", chosen = -1, draft = [], drag = null, size = { width: 1000, height: 750 };
  const say = node("p", { class: "hint", role: "status", "aria-live": "polite" });
  const image = node("img", { alt, draggable: "false" });
  const layer = svg("svg", { class: "mask-layer", preserveAspectRatio: "none", role: "group", "aria-label": "areas that are left out" });
  const stage = node("div", { class: "mask-stage", "data-tool": tool }, image, layer);
  const rows = node("tbody");
  const tools = ["choose", "rectangle", "polygon"].map((name) =>
    node("button", { type: "button", "data-tool": name, "aria-pressed": String(name === tool), onclick: () => take(name) },
      { choose: "Choose, move", rectangle: "Draw rectangle", polygon: "Draw polygon" }[name]));
  const undo = node("button", { type: "button", disabled: true, onclick: back }, "Undo");
  const element = node("div", { class: "mask" },
    node("div", { class: "actions", role: "group", "aria-label": "tools" }, tools, undo,
      node("button", { type: "button", onclick: addInMiddle }, "Add in the middle")),
    stage, say,
    node("div", { class: "scroll" }, node("table", { class: "mask-table" },
      node("caption", {}, "Areas that are left out, in per cent of the picture"),
      node("thead", {}, node("tr", {}, ["Area", "Left", "Top", "Width", "Height", "Remove"].map((t) => node("th", { scope: "col" }, t)))), rows)));

  const x = (share) => share * size.width, y = (share) => share * size.height;
  const unit = () => size.width / Math.max(1, stage.clientWidth);

  function keep(next, words) {
    past.push(now);
    past = past.slice(-50);
    now = next;
    chosen = Math.min(chosen, now.length - 1);
    say.textContent = words;
    draw();
    changed();
  }

  function back() {
    if (!past.length) return;
    now = past.pop();
    chosen = -1;
    say.textContent = `Undone. ${count()}`;
    draw();
    changed();
  }

  const count = () => now.length === 1 ? "1 area is left out." : `${now.length} areas are left out.`;

  function take(name) {
    tool = name;
    draft = [];
    stage.dataset.tool = name;
    tools.forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.tool === name)));
    say.textContent = { choose: "", rectangle: "Drag over the picture from corner to corner.",
      polygon: "Click or tap each corner, then the first one again or Enter. Escape ends it." }[name];
    draw();
  }

  function choose(i, focus) {
    chosen = i;
    draw();
    if (focus) layer.querySelector(`[data-area="${i}"]`)?.focus({ preventScroll: true });
  }

  function addInMiddle() {
    chosen = now.length;
    keep([...now, rectangle(0.4, 0.4, 0.2, 0.2)], "Added in the middle: move it with the arrow keys, or type its place below.");
    choose(now.length - 1, true);
  }

  function remove(i) {
    keep(now.filter((_, k) => k !== i), `Area ${i + 1} is removed. ${now.length - 1} left.`);
    (layer.querySelector("[data-area]") ?? tools[0]).focus({ preventScroll: true });
  }

  const replace = (i, points) => now.map((p, k) => k === i ? points : p);
  const moved = (p, dx, dy) => {
    const b = bounds(p);
    const sx = Math.min(Math.max(dx, -b.x), Math.max(0, 1 - b.x - b.w)), sy = Math.min(Math.max(dy, -b.y), Math.max(0, 1 - b.y - b.h));
    return p.map(([px, py]) => [round(px + sx), round(py + sy)]);
  };
  const sized = (p, w, h) => {
    const b = bounds(p);
    const fx = Math.min(1 - b.x, Math.max(STEP, w)) / b.w, fy = Math.min(1 - b.y, Math.max(STEP, h)) / b.h;
    return p.map(([px, py]) => [round(b.x + (px - b.x) * fx), round(b.y + (py - b.y) * fy)]);
  };
  const corner = (p, k, point) => {
    if (!isRectangle(p)) return p.map((v, i) => i === k ? point : v);
    const other = p[(k + 2) % 4];
    return rectangle(Math.min(point[0], other[0]), Math.min(point[1], other[1]), Math.abs(point[0] - other[0]), Math.abs(point[1] - other[1]));
  };

  // ---- drawing ----
  function draw() {
    const r = 8 * unit();
    layer.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
    const focused = document.activeElement?.dataset?.area;
    layer.replaceChildren(
      svg("defs", {}, svg("pattern", { id: "mask-hatch", width: r, height: r, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        svg("rect", { class: "hatch-ground", width: r, height: r }), svg("rect", { class: "hatch-line", width: r / 3, height: r }))),
      ...now.map((p, i) => svg("g", { "data-area": i, tabindex: 0, role: "button", class: i === chosen ? "chosen" : "", "aria-pressed": String(i === chosen),
        "aria-label": `area ${i + 1}, ${isRectangle(p) ? "rectangle" : "polygon"}: ${areaText(p)}` },
      svg("polygon", { points: p.map((v) => `${x(v[0])},${y(v[1])}`).join(" ") }),
      svg("text", { x: x(bounds(p).x) + r / 2, y: y(bounds(p).y) + 2 * r, "font-size": 2 * r, "stroke-width": r / 3 }, String(i + 1)),
      ...(i === chosen ? p.map((v, k) => svg("circle", { "data-corner": k, cx: x(v[0]), cy: y(v[1]), r })) : []))),
      draft.length ? svg("polyline", { class: "draft", points: draft.map((v) => `${x(v[0])},${y(v[1])}`).join(" ") }) : "",
      ...draft.map((v) => svg("circle", { class: "draft", cx: x(v[0]), cy: y(v[1]), r: r / 2 })));
    if (focused !== undefined) layer.querySelector(`[data-area="${focused}"]`)?.focus({ preventScroll: true });
    undo.disabled = past.length === 0;
    fillTable();
  }

  function number(i, name, value, apply) {
    const input = node("input", { type: "number", min: 0, max: 100, step: 0.1, value: percent(value), "aria-label": `area ${i + 1}, ${name}, per cent`,
      onchange: () => {
        const typed = Number(input.value) / 100;
        if (!input.value || !(typed >= 0 && typed <= 1)) say.textContent = `${name}: a number from 0 to 100.`;
        else keep(replace(i, apply(typed)), `Area ${i + 1}: ${name} is ${percent(typed)} %.`);
      } });
    return node("td", { "data-label": `${name}, %` }, input);
  }

  function polygonCells(p, i) {
    const input = node("input", { type: "text", value: p.map((v) => v.map(percent).join(",")).join(" "), "aria-label": `area ${i + 1}, corners as x,y in per cent`,
      onchange: () => {
        const points = input.value.trim().split(/\s+/).map((pair) => pair.split(",").map((v) => Number(v) / 100));
        const right = points.length >= 3 && points.every((v) => v.length === 2 && v.every((c) => c >= 0 && c <= 1));
        if (right) keep(replace(i, points.map((v) => v.map(round))), `Area ${i + 1} has ${points.length} corners.`);
        else say.textContent = "Corners: three or more, as x,y from 0 to 100.";
      } });
    return [node("td", { colspan: 4, "data-label": "corners, x,y in %" }, input)];
  }

  function fillTable() {
    if (rows.contains(document.activeElement) && document.activeElement.matches("input") && rows.children.length === now.length && !past.length) return;
    const place = rows.contains(document.activeElement) ? [...rows.querySelectorAll("input, button")].indexOf(document.activeElement) : -1;
    rows.replaceChildren(...now.map((p, i) => {
      const b = bounds(p);
      const cells = isRectangle(p) ? [
        number(i, "left", b.x, (v) => moved(p, v - b.x, 0)), number(i, "top", b.y, (v) => moved(p, 0, v - b.y)),
        number(i, "width", b.w, (v) => sized(p, v, b.h)), number(i, "height", b.h, (v) => sized(p, b.w, v)),
      ] : polygonCells(p, i);
      return node("tr", {}, node("th", { scope: "row" }, `${i + 1} ${isRectangle(p) ? "rectangle" : "polygon"}`), cells,
        node("td", {}, node("button", { type: "button", "aria-label": `remove area ${i + 1}`, onclick: () => remove(i) }, "Remove")));
    }));
    if (now.length === 0) rows.append(node("tr", {}, node("td", { colspan: 6, class: "hint" }, "None: the whole picture counts.")));
    if (place >= 0) rows.querySelectorAll("input, button")[place]?.focus({ preventScroll: true });
  }

  // ---- by pointer ----
  const at = (event) => {
    const box = layer.getBoundingClientRect();
    return [round(clamp((event.clientX - box.left) / box.width)), round(clamp((event.clientY - box.top) / box.height))];
  };

  function closePolygon() {
    const points = draft.filter((v, i) => i === 0 || Math.hypot(v[0] - draft[i - 1][0], v[1] - draft[i - 1][1]) > LEAST);
    draft = [];
    if (points.length >= 3) {
      chosen = now.length;
      keep([...now, points], `A polygon with ${points.length} corners. ${now.length + 1} in all.`);
    } else {
      say.textContent = "A polygon wants three corners.";
      draw();
    }
  }

  layer.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const start = at(event), area = event.target.closest("[data-area]"), knob = event.target.closest("[data-corner]");
    if (tool === "polygon") {
      const near = draft.length > 2 && Math.hypot(x(start[0] - draft[0][0]), y(start[1] - draft[0][1])) < 14 * unit();
      if (near) return closePolygon();
      draft.push(start);
      return draw();
    }
    if (tool === "rectangle") drag = { start, make: true };
    else if (area) {
      const i = Number(area.dataset.area);
      drag = { start, i, from: now[i], corner: knob && i === chosen ? Number(knob.dataset.corner) : -1 };
      if (i !== chosen) choose(i, true);
    } else choose(-1);
    if (drag) {
      event.preventDefault();
      layer.setPointerCapture(event.pointerId);
    }
  });
  layer.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const p = at(event);
    drag.moved = drag.moved || Math.hypot(p[0] - drag.start[0], p[1] - drag.start[1]) > LEAST;
    if (drag.make) {
      draft = [drag.start, [p[0], drag.start[1]], p, [drag.start[0], p[1]], drag.start];
    } else if (drag.moved) {
      drag.to = drag.corner >= 0 ? corner(drag.from, drag.corner, p) : moved(drag.from, p[0] - drag.start[0], p[1] - drag.start[1]);
      now = replace(drag.i, drag.to);
    }
    draw();
  });
  layer.addEventListener("pointerup", (event) => {
    const d = drag, p = at(event);
    drag = null;
    if (!d) return;
    if (d.make) {
      const [w, h] = [Math.abs(p[0] - d.start[0]), Math.abs(p[1] - d.start[1])];
      draft = [];
      if (w < LEAST || h < LEAST) return draw();
      chosen = now.length;
      keep([...now, rectangle(Math.min(p[0], d.start[0]), Math.min(p[1], d.start[1]), w, h)], `A rectangle. ${now.length + 1} in all.`);
    } else if (d.to) {
      now = replace(d.i, d.from);
      keep(replace(d.i, d.to), `Area ${d.i + 1} is at ${areaText(d.to)}.`);
    }
  });
  layer.addEventListener("pointercancel", () => {
    if (drag?.from) now = replace(drag.i, drag.from);
    drag = null;
    draft = [];
    draw();
  });

  // ---- by keys: of an area that has the focus, and while a polygon is drawn ----
  element.addEventListener("keydown", (event) => {
    if (event.target.matches("input")) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "z") {
      event.preventDefault();
      back();
    } else if (draft.length && (event.key === "Enter" || event.key === "Escape")) {
      event.preventDefault();
      if (event.key === "Escape") draft = [];
      if (event.key === "Enter") closePolygon();
      else draw();
    }
  });
  layer.addEventListener("keydown", (event) => {
    const area = event.target.closest("[data-area]");
    const i = area ? Number(area.dataset.area) : -1;
    if (i < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const step = event.shiftKey ? LARGE_STEP : STEP, b = bounds(now[i]);
    if (way) keep(replace(i, moved(now[i], way[0] * step, way[1] * step)), `Area ${i + 1}: ${areaText(moved(now[i], way[0] * step, way[1] * step))}`);
    else if (event.key === "+" || event.key === "-") {
      const grown = sized(now[i], b.w + (event.key === "+" ? STEP : -STEP), b.h + (event.key === "+" ? STEP : -STEP));
      keep(replace(i, grown), `Area ${i + 1}: ${areaText(grown)}`);
    } else if (event.key === "Delete" || event.key === "Backspace") remove(i);
    else if (event.key === "Enter" || event.key === " ") choose(i, true);
    else return;
    event.preventDefault();
  });

  image.addEventListener("load", () => {
    size = { width: image.naturalWidth, height: image.naturalHeight };
    stage.style.maxWidth = `min(56rem, ${(SCREEN * size.width / size.height).toFixed(2)}vh)`; // all of it is seen at once
    draw();
  });
  new ResizeObserver(draw).observe(stage);
  if (picture) image.src = picture;
  draw();
  return Object.assign(element, {
    texts: () => now.map(areaText),
    set: (next) => { now = next; past = []; chosen = -1; say.textContent = ""; draw(); },
    picture: (address) => { image.src = address; },
    size: () => size,
  });
}
