// SPDX-License-Identifier: Apache-2.0
// <likeness-viewer>: two pictures of one thing, looked at in seven ways. Every way is one or two panes that show the same part
// of the frame, which is the reference's; the state is the mode, the scale (screen pixels a frame pixel) and the middle of what is
// seen (shares of the frame). show() says what to look at, addAreas() lets areas be left out:
//   viewer.show({ frame: { width, height }, pictures: { reference, aligned, photo, heat, map, matches }, regions, homography })
// pictures are addresses; what is missing is not offered. It tells of "region" (detail: the region) and "areas" (detail: boxes).
import { bar, node, svg } from "/site.mjs";
import { gestures } from "/viewer_gestures.mjs";
import { boxOf, clamp, heldMiddle, inverse, magnification, mapped } from "/viewer_math.mjs";
import {
  CAPTIONS,
  KEYS,
  MODES,
  NAMES,
  PANES,
  describe,
  leftOut,
  levels,
  outline,
  outlined,
  place,
  where,
} from "/viewer_parts.mjs";

const ZOOM_MOST = 8,
  SMOOTH_UNTIL = 3,
  AREA_LEAST = 3,
  STEP = 48;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let count = 0;

class LikenessViewer extends HTMLElement {
  #id = `viewer-${++count}`;
  #data = { pictures: {}, regions: [], frame: { width: 1, height: 1 } };
  #images = {};
  #panes = [];
  #mode = "side";
  #view = { fitted: true, scale: 1, x: 0.5, y: 0.5 };
  #region = -1;
  #timer = 0;
  #photoShown = true;
  #original = false;
  #areas = null; // boxes to leave out; null: not offered
  #drawn = null; // the box that is being drawn
  #part = {};

  connectedCallback() {
    if (!this.#part.stage) this.#build();
    document.addEventListener("keydown", this.#onKey);
    calm.addEventListener("change", this.#onCalm);
  }

  disconnectedCallback() {
    this.#stop();
    document.removeEventListener("keydown", this.#onKey);
    calm.removeEventListener("change", this.#onCalm);
  }

  // ---- what it is asked ----
  show(data) {
    this.#data = { regions: [], ...data };
    this.#images = {};
    this.#region = -1;
    this.#original = false;
    this.#view = { fitted: true, scale: 1, x: 0.5, y: 0.5 };
    this.#listRegions();
    this.#part.original.closest("label").hidden = !this.#canShowOriginal();
    for (const mode of MODES) this.#tab(mode).setAttribute("aria-disabled", String(!this.#usable(mode)));
    this.setMode(matchMedia("(max-width: 640px)").matches && this.#usable("swipe") ? "swipe" : "side", true);
  }

  addAreas(boxes = []) {
    this.#areas = boxes;
    this.#part.areas.hidden = false;
    this.#listAreas();
    this.#draw();
  }

  get areas() {
    return this.#areas ?? [];
  }
  get mode() {
    return this.#mode;
  }

  setMode(mode, quiet = false) {
    if (!this.#usable(mode)) {
      this.#say(`${NAMES[mode]}: nothing to show for this pair.`);
      return;
    }
    this.#stop();
    this.#mode = mode;
    this.#photoShown = true;
    for (const m of MODES) {
      this.#tab(m).setAttribute("aria-selected", String(m === mode));
      this.#tab(m).tabIndex = m === mode ? 0 : -1;
    }
    for (const control of this.querySelectorAll("[data-for]")) control.hidden = control.dataset.for !== mode;
    this.#part.stage.setAttribute("aria-labelledby", this.#tab(mode).id);
    this.#part.stage.dataset.mode = mode;
    if (mode === "matches") this.#view.fitted = true;
    this.#layOut();
    if (mode === "blink" && !calm.matches) this.#start();
    if (!quiet) this.#say(NAMES[mode]);
  }

  goTo(index) {
    const regions = this.#data.regions;
    if (!regions.length) {
      this.#say("There are no regions.");
      return;
    }
    this.#region = (index + regions.length) % regions.length;
    if (this.#mode === "matches") this.setMode("side", true);
    const region = regions[this.#region],
      [x, y, width, height] = region.box,
      size = this.#size(),
      frame = this.#data.frame;
    this.#view.x = (x + width / 2) / frame.width;
    this.#view.y = (y + height / 2) / frame.height;
    this.#view.scale = clamp(0.4 * Math.min(size.width / width, size.height / height), this.#fitScale(), ZOOM_MOST / 2);
    this.#view.fitted = this.#view.scale <= this.#fitScale();
    this.#draw();
    this.#markRegion();
    this.#part.stage.scrollIntoView({ block: "nearest" });
    this.#say(`Region ${this.#region + 1} of ${regions.length}: number ${region.id}, ${describe(region)}`);
    this.dispatchEvent(new CustomEvent("region", { detail: region }));
  }

  // ---- elements ----
  #build() {
    const part = this.#part,
      id = this.#id,
      press = (name, text, act, attributes = {}) =>
        node("button", { type: "button", onclick: act, ...attributes, ...name }, text);
    const range = (name, text, from, to, step, value, act) => {
      part[name] = node("input", { type: "range", id: `${id}-${name}`, min: from, max: to, step, value, oninput: act });
      return [node("label", { for: `${id}-${name}` }, text), part[name]];
    };
    const tick = (name, text, act, checked) => {
      part[name] = node("input", { type: "checkbox", onchange: act, checked });
      return node("label", { class: "check" }, part[name], text);
    };
    part.tabs = node(
      "div",
      { class: "tabs", role: "tablist", "aria-label": "ways to compare", onkeydown: this.#onTabKey },
      MODES.map((mode, i) =>
        node(
          "button",
          {
            type: "button",
            role: "tab",
            id: `${id}-tab-${mode}`,
            "data-mode": mode,
            "aria-controls": `${id}-stage`,
            onclick: () => this.setMode(mode),
          },
          node("kbd", { "aria-hidden": "true" }, String(i + 1)),
          NAMES[mode],
        ),
      ),
    );
    part.stage = node("div", {
      class: "stage",
      id: `${id}-stage`,
      role: "tabpanel",
      tabindex: 0,
      onkeydown: this.#onStageKey,
      onpointermove: this.#readOut,
      onpointerleave: () => this.#readOut(null),
    });
    part.zoom = node("output", { "aria-label": "zoom", class: "number" });
    part.run = press({}, "Blink", () => (this.#timer ? this.#stop() : this.#start()), { "aria-pressed": "false" });
    part.rate = node("output", { class: "number" }, "1");
    part.readOut = node("p", { class: "read-out number" });
    part.live = node("p", { class: "live", role: "status" });
    part.previous = press({}, "‹ Previous", () => this.goTo(this.#region < 0 ? -1 : this.#region - 1), {
      "aria-label": "previous region",
    });
    part.next = press({}, "Next ›", () => this.goTo(this.#region + 1), { "aria-label": "next region" });
    part.out = press({}, "−", () => this.#zoomBy(1 / 1.5), { "aria-label": "zoom out" });
    part.in = press({}, "+", () => this.#zoomBy(1.5), { "aria-label": "zoom in" });
    part.draw = press({}, "Draw an area to leave out", () => this.#drawing(part.draw.getAttribute("aria-pressed") !== "true"), {
      "aria-pressed": "false",
    });
    part.areaList = node("ol", { class: "area-list" });
    part.areas = node("div", { class: "areas", hidden: true }, node("div", { class: "group" }, part.draw), part.areaList);
    part.regions = node("div", { class: "region-list" });
    const controls = node(
      "div",
      { class: "controls" },
      node(
        "div",
        { "data-for": "swipe" },
        range("swipe", "Divider", 0, 100, 1, 50, () => this.#draw()),
      ),
      node(
        "div",
        { "data-for": "onion" },
        range("onion", "Photo over reference", 0, 100, 1, 50, () => this.#draw()),
      ),
      node(
        "div",
        { "data-for": "blink" },
        part.run,
        press({}, "Swap", () => {
          this.#stop();
          this.#swap();
        }),
        range("speed", "Swaps a second", 0.5, 2, 0.25, 1, () => this.#setSpeed()),
        part.rate,
      ),
      node("div", { class: "group" }, part.previous, part.next),
      node(
        "div",
        { class: "group" },
        part.out,
        part.zoom,
        part.in,
        press({}, "Fit", () => this.#fit()),
        press({}, "1:1", () => this.#zoomBy(1 / this.#view.scale)),
      ),
      tick("boxes", "Boxes", () => part.stage.classList.toggle("no-boxes", !part.boxes.checked), true),
      tick("original", "Photo as it came", () => this.#showOriginal(part.original.checked), false),
      press({ class: "help" }, "?", () => part.help.showModal(), { "aria-label": "keys" }),
    );
    part.help = node(
      "dialog",
      { "aria-labelledby": `${id}-keys` },
      node("h2", { id: `${id}-keys` }, "Keys"),
      node(
        "dl",
        { class: "keys" },
        KEYS.map(([key, what]) => node("div", {}, node("dt", {}, node("kbd", {}, key)), node("dd", {}, what))),
      ),
      node("p", {}, "Drag to move; wheel (with Ctrl, or with the picture in focus), double-click or pinch to zoom."),
      node(
        "form",
        { method: "dialog", class: "actions" },
        tick("useKeys", "Single keys work", () => {}, true),
        node("button", { class: "primary" }, "Close"),
      ),
    );
    this.replaceChildren(
      node("div", { class: "main" }, part.tabs, part.stage, controls, part.areas, part.readOut, part.live),
      part.regions,
      part.help,
    );
    this.#onCalm();
    gestures(part.stage, this.#actions());
    new ResizeObserver(() => this.#draw()).observe(part.stage);
  }

  #tab(mode) {
    return this.#part.tabs.querySelector(`[data-mode="${mode}"]`);
  }
  #usable(mode) {
    return PANES[mode].flat().every((name) => this.#data.pictures[name]);
  }
  #say(text) {
    this.#part.live.textContent = text;
  }
  #canShowOriginal() {
    return Boolean(this.#data.pictures.photo && this.#data.homography && this.#data.photoSize);
  }

  #image(name) {
    if (!this.#images[name]) {
      const image = node("img", { alt: CAPTIONS[name], src: this.#data.pictures[name], draggable: "false" });
      image.addEventListener("load", () => this.#draw());
      image.addEventListener("error", () => this.#say(`${CAPTIONS[name]}: this picture is no longer kept. Compare again.`));
      this.#images[name] = image;
    }
    return this.#images[name];
  }

  #layOut() {
    this.#panes = PANES[this.#mode].map((names) => {
      const isOriginal = this.#mode === "side" && this.#original && names[0] === "aligned";
      const shown = isOriginal ? ["photo"] : names;
      const boxes = this.#mode === "matches" ? null : svg("svg", { class: "boxes", "aria-hidden": "true" });
      const layer = node(
        "div",
        { class: "layer" },
        shown.map((name) => this.#image(name)),
        boxes,
      );
      const pane = node("div", { class: "pane" }, layer);
      return { pane, layer, boxes, names: shown, isOriginal };
    });
    this.#part.stage.replaceChildren(...this.#panes.map(({ pane }) => pane));
    this.#addCaptions();
    this.#addBoxes();
    this.#draw();
  }

  #addCaptions() {
    const put = (pane, text, side) => pane.append(node("span", { class: `caption ${side}` }, text));
    const [first, second] = this.#panes,
      photo = this.#data.homography ? CAPTIONS.aligned : "Photo";
    if (this.#mode === "side") {
      put(first.pane, CAPTIONS.reference, "at-left");
      put(second.pane, second.isOriginal ? CAPTIONS.photo : photo, "at-left");
    } else if (this.#mode === "swipe") {
      put(first.pane, CAPTIONS.reference, "at-left");
      put(first.pane, photo, "at-right");
    } else if (this.#mode === "blink") {
      put(first.pane, this.#photoShown ? photo : CAPTIONS.reference, "at-left");
    } else if (this.#mode !== "onion") {
      put(first.pane, CAPTIONS[this.#mode], "at-left");
    }
  }

  // Places are shares of the frame and lines are pixels of the screen, so that a box stays thin at any zoom.
  #addBoxes() {
    const { regions, frame, homography, photoSize } = this.#data;
    for (const { boxes, isOriginal } of this.#panes) {
      if (!boxes) continue;
      const back = isOriginal ? inverse(homography) : null;
      boxes.replaceChildren(
        ...regions.map((region) => (back ? outline(region, back, photoSize) : outlined(region, frame))).reverse(),
        ...(isOriginal ? [] : [...this.areas, ...(this.#drawn ? [this.#drawn] : [])].map((box) => leftOut(box, frame))),
      );
      if (isOriginal) boxes.setAttribute("viewBox", `0 0 ${photoSize.width} ${photoSize.height}`);
    }
    this.#markRegion();
  }

  // ---- where everything lies ----
  #size() {
    const box = (this.#panes[0]?.pane ?? this.#part.stage).getBoundingClientRect();
    return { width: box.width || 1, height: box.height || 1 };
  }

  #frameOf(names, isOriginal) {
    const image = this.#images[names[0]];
    if (isOriginal) return this.#data.photoSize;
    return names[0] === "matches" && image.naturalWidth
      ? { width: image.naturalWidth, height: image.naturalHeight }
      : this.#data.frame;
  }

  #frame() {
    return this.#frameOf(this.#panes[0].names, false);
  }
  #fitScale(frame = this.#frame()) {
    const size = this.#size();
    return Math.min(size.width / frame.width, size.height / frame.height, ZOOM_MOST);
  }

  #draw() {
    if (!this.#panes.length) return;
    const view = this.#view,
      size = this.#size(),
      frame = this.#frame(),
      fit = this.#fitScale();
    view.scale = view.fitted ? fit : clamp(view.scale, fit, Math.max(fit, ZOOM_MOST));
    view.x = heldMiddle(view.x, size.width, frame.width * view.scale);
    view.y = heldMiddle(view.y, size.height, frame.height * view.scale);
    for (const pane of this.#panes) {
      const { width, height, left, top } = pane.isOriginal ? this.#placeOriginal(size) : place(size, frame, view);
      Object.assign(pane.layer.style, { width: `${width}px`, height: `${height}px`, left: `${left}px`, top: `${top}px` });
    }
    const { stage, zoom, out, in: more } = this.#part;
    stage.classList.toggle("pixels", view.scale > SMOOTH_UNTIL);
    stage.classList.toggle("zoomed", !view.fitted);
    zoom.textContent = `${Math.round(view.scale * 100)} %`;
    out.disabled = view.fitted;
    more.disabled = view.scale >= ZOOM_MOST;
    this.#mix(size);
  }

  // The same place in the photo as it came, as large: the map back says where it is and how long a pixel is there.
  #placeOriginal(size) {
    const { homography, frame, photoSize } = this.#data,
      view = this.#view;
    if (view.fitted) return place(size, photoSize, { scale: this.#fitScale(photoSize), x: 0.5, y: 0.5 });
    const back = inverse(homography),
      at = [view.x * frame.width, view.y * frame.height],
      [x, y] = mapped(back, ...at);
    return place(size, photoSize, {
      scale: view.scale / magnification(back, ...at),
      x: x / photoSize.width,
      y: y / photoSize.height,
    });
  }

  // How photo and reference mix where one lies over the other.
  #mix(size) {
    const photo = this.#images.aligned,
      pane = this.#panes[0];
    pane.pane.querySelector(".divider")?.remove();
    if (!photo) return;
    photo.style.opacity = this.#mode === "onion" ? String(this.#part.onion.value / 100) : "";
    photo.style.visibility = this.#mode === "blink" && !this.#photoShown ? "hidden" : "";
    photo.style.clipPath = "";
    if (this.#mode !== "swipe") return;
    const at = (size.width * this.#part.swipe.value) / 100,
      layer = pane.layer.getBoundingClientRect(),
      box = pane.pane.getBoundingClientRect();
    photo.style.clipPath = `inset(0 0 0 ${clamp(at - (layer.left - box.left), 0, layer.width)}px)`;
    const divider = node("div", { class: "divider" });
    divider.style.left = `${at}px`;
    pane.pane.append(divider);
  }

  #fit() {
    Object.assign(this.#view, { fitted: true, x: 0.5, y: 0.5 });
    this.#draw();
  }

  // Scales by factor; the point (px, py) of the pane stays where it is.
  #zoomBy(factor, px, py) {
    const view = this.#view,
      size = this.#size(),
      frame = this.#frame(),
      fit = this.#fitScale(),
      before = view.scale;
    const after = clamp(before * factor, fit, Math.max(fit, ZOOM_MOST));
    view.x += (((px ?? size.width / 2) - size.width / 2) / frame.width) * (1 / before - 1 / after);
    view.y += (((py ?? size.height / 2) - size.height / 2) / frame.height) * (1 / before - 1 / after);
    view.scale = after;
    view.fitted = after <= fit * 1.001;
    this.#draw();
  }

  #moveBy(dx, dy) {
    const frame = this.#frame();
    this.#view.x -= dx / (frame.width * this.#view.scale);
    this.#view.y -= dy / (frame.height * this.#view.scale);
    this.#draw();
  }

  #showOriginal(yes) {
    this.#original = yes;
    this.#part.original.checked = yes;
    if (this.#mode === "side") this.#layOut();
    else this.setMode("side");
  }

  // ---- blinking ----
  #swap() {
    this.#photoShown = !this.#photoShown;
    this.#panes[0].pane.querySelector(".caption")?.remove();
    this.#addCaptions();
    this.#draw();
  }

  #start() {
    this.#stop();
    this.#timer = setInterval(() => this.#swap(), 1000 / clamp(Number(this.#part.speed.value), 0.5, 2));
    this.#part.run.setAttribute("aria-pressed", "true");
  }

  #stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#part.run?.setAttribute("aria-pressed", "false");
  }

  #setSpeed() {
    this.#part.rate.textContent = this.#part.speed.value;
    if (this.#timer) this.#start();
  }

  #onCalm = () => {
    if (calm.matches) this.#stop();
    this.#part.run.disabled = calm.matches;
    this.#part.run.textContent = calm.matches ? "Blinking is off (reduced motion)" : "Blink";
  };

  // ---- regions ----
  #listRegions() {
    const { regions } = this.#data,
      item = (region, i) =>
        node(
          "li",
          { class: region.minor ? "minor" : null },
          node(
            "button",
            { type: "button", "data-region": region.id, onclick: () => this.goTo(i) },
            node("span", { class: "flag" }, String(region.id)),
            node("span", { class: "kind" }, region.kind),
            node("span", { class: "where" }, where(region)),
            node("span", { class: "where" }, `severity ${region.severity.toFixed(2)}`),
            bar(region.severity),
          ),
          node(
            "button",
            {
              type: "button",
              class: "leave plain",
              hidden: this.#areas === null,
              "aria-label": `leave out region ${region.id}`,
              onclick: () => this.#addArea(region.box),
            },
            "leave out",
          ),
        );
    const items = regions.map(item),
      list = (those) => node("ol", {}, those);
    const minor = items.filter((_, i) => regions[i].minor),
      major = items.filter((_, i) => !regions[i].minor);
    this.#part.regions.replaceChildren(
      node("h3", {}, "Regions that differ"),
      major.length ? list(major) : node("p", {}, minor.length ? "None that counts by the policy." : "None."),
      ...(minor.length ? [node("h3", {}, "Below the policy's limits"), list(minor)] : []),
    );
    this.#part.previous.disabled = this.#part.next.disabled = !regions.length;
  }

  #markRegion() {
    const id = this.#region >= 0 ? String(this.#data.regions[this.#region].id) : "";
    for (const button of this.#part.regions.querySelectorAll("[data-region]"))
      button.setAttribute("aria-current", String(button.dataset.region === id));
    for (const box of this.#part.stage.querySelectorAll("[data-region]"))
      box.classList.toggle("current", box.dataset.region === id);
  }

  // ---- areas to leave out ----
  #drawing(yes) {
    this.#part.draw.setAttribute("aria-pressed", String(yes));
    this.#part.stage.classList.toggle("drawing", yes);
    if (yes && this.#original) this.#showOriginal(false);
    if (yes) this.#say('Drag over the picture to mark an area. Without a pointer: "leave out" beside a region.');
  }

  #addArea(box) {
    if (!this.areas.some((other) => String(other) === String(box))) this.#areas = [...this.areas, box];
    this.#areasChanged();
  }

  #areasChanged() {
    this.#listAreas();
    this.#addBoxes();
    this.dispatchEvent(new CustomEvent("areas", { detail: this.areas }));
  }

  #listAreas() {
    for (const button of this.querySelectorAll(".leave")) button.hidden = this.#areas === null;
    this.#part.areaList.replaceChildren(
      ...this.areas.map((box, i) =>
        node(
          "li",
          {},
          `${box[2]} × ${box[3]} px at ${box[0]}, ${box[1]} `,
          node(
            "button",
            {
              type: "button",
              class: "plain",
              "aria-label": `take in again area ${i + 1}`,
              onclick: () => {
                this.#areas = this.areas.filter((other) => other !== box);
                this.#areasChanged();
              },
            },
            "take in again",
          ),
        ),
      ),
    );
  }

  // ---- pointers and keys ----
  #actions() {
    const { part, frameAt } = {
      part: this.#part,
      frameAt: (x, y) => {
        const layer = this.#panes[0].layer.getBoundingClientRect(),
          pane = this.#panes[0].pane.getBoundingClientRect();
        return [(x - (layer.left - pane.left)) / this.#view.scale, (y - (layer.top - pane.top)) / this.#view.scale];
      },
    };
    return {
      zoomBy: (factor, x, y) => this.#zoomBy(factor, x, y),
      moveBy: (dx, dy) => this.#moveBy(dx, dy),
      divider: (x) =>
        this.#mode === "swipe" && (this.#view.fitted || Math.abs(x - (this.#size().width * part.swipe.value) / 100) < 24),
      divide: (x) => {
        part.swipe.value = String((100 * x) / this.#size().width);
        this.#draw();
      },
      draws: () => part.draw.getAttribute("aria-pressed") === "true",
      drawBox: (from, to) => {
        this.#drawn = boxOf(frameAt(...from), frameAt(...to), this.#data.frame);
        this.#addBoxes();
      },
      endBox: () => {
        const box = this.#drawn;
        this.#drawn = null;
        if (box && box[2] >= AREA_LEAST && box[3] >= AREA_LEAST) this.#addArea(box);
        else this.#addBoxes();
      },
    };
  }

  #readOut = (event) => {
    const pane = event && this.#panes.find(({ pane: p }) => p.contains(event.target)),
      part = this.#part;
    if (!pane || pane.isOriginal || this.#mode === "matches" || event.pointerType === "touch") {
      part.readOut.textContent = "";
      return;
    }
    const layer = pane.layer.getBoundingClientRect(),
      frame = this.#data.frame;
    const x = Math.floor((event.clientX - layer.left) / this.#view.scale),
      y = Math.floor((event.clientY - layer.top) / this.#view.scale);
    const inside = x >= 0 && y >= 0 && x < frame.width && y < frame.height;
    part.readOut.textContent = inside
      ? `${x}, ${y}: reference ${levels(this.#images.reference, x, y, frame)}, photo ${levels(this.#images.aligned, x, y, frame)}`
      : "";
  };

  #onStageKey = (event) => {
    const step = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] }[event.key];
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (step && !this.#view.fitted) this.#moveBy(...step);
    else if (step?.[0] && this.#mode === "swipe") {
      this.#part.swipe.value = String(Number(this.#part.swipe.value) - 2 * Math.sign(step[0]));
      this.#draw();
    } else if (event.key === " " && this.#mode === "blink") {
      this.#stop();
      this.#swap();
    } else return;
    event.preventDefault();
  };

  #onTabKey = (event) => {
    const ready = MODES.filter((mode) => this.#usable(mode)),
      at = ready.indexOf(this.#mode);
    const next = { ArrowRight: ready[(at + 1) % ready.length], ArrowLeft: ready.at(at - 1), Home: ready[0], End: ready.at(-1) }[
      event.key
    ];
    if (!next) return;
    event.preventDefault();
    this.setMode(next);
    this.#tab(next).focus();
  };

  #onKey = (event) => {
    const typing = event.target.closest?.("input:not([type=checkbox]):not([type=range]), textarea, select, dialog");
    if (!this.#part.useKeys.checked || typing || event.ctrlKey || event.altKey || event.metaKey || !this.checkVisibility())
      return;
    const act = {
      n: () => this.#part.next.click(),
      p: () => this.#part.previous.click(),
      "+": () => this.#zoomBy(1.5),
      "=": () => this.#zoomBy(1.5),
      "-": () => this.#zoomBy(1 / 1.5),
      0: () => this.#fit(),
      b: () => this.#part.boxes.click(),
      "?": () => this.#part.help.showModal(),
      o: () => this.#canShowOriginal() && this.#showOriginal(!this.#original),
      Escape: () => this.#drawing(false),
    }[event.key];
    const mode = MODES[Number(event.key) - 1];
    if (!act && !mode) return;
    if (mode) this.setMode(mode);
    else act();
    if (event.key !== "Escape") event.preventDefault();
  };
}

customElements.define("likeness-viewer", LikenessViewer);
