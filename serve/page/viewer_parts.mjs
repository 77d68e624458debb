// SPDX-License-Identifier: Apache-2.0
// What the viewer says and draws: its modes, captions and keys, boxes of regions, levels of a pixel.
import { svg } from "/site.mjs";
import { corners, mapped } from "/viewer_math.mjs";

export const NAMES = {
  side: "Side by side",
  swipe: "Swipe",
  onion: "Onion skin",
  blink: "Blink",
  heat: "Heat map",
  map: "Difference",
  matches: "Matched points",
};
// What each pane holds, bottom picture first.
export const PANES = {
  side: [["reference"], ["aligned"]],
  swipe: [["reference", "aligned"]],
  onion: [["reference", "aligned"]],
  blink: [["reference", "aligned"]],
  heat: [["heat"]],
  map: [["map"]],
  matches: [["matches"]],
};
export const MODES = Object.keys(PANES);
export const CAPTIONS = {
  reference: "Reference",
  aligned: "Photo, aligned",
  photo: "Photo, as it came",
  heat: "Bright is different",
  map: "Dark is equal, bright is different",
  matches: "Thick and green agree on one view, thin and gray were dropped",
};
export const KEYS = [
  ["1 to 7", "how to compare"],
  ["n, p", "next and previous region"],
  ["+, −", "zoom in and out"],
  ["0", "all of the picture"],
  ["arrows", "move, with the picture in focus"],
  ["b", "boxes on and off"],
  ["o", "photo aligned or as it came, side by side"],
  ["space", "swap while blinking, with the picture in focus"],
  ["?", "these keys"],
];

export const place = (size, frame, { scale, x, y }) => ({
  width: frame.width * scale,
  height: frame.height * scale,
  left: size.width / 2 - x * frame.width * scale,
  top: size.height / 2 - y * frame.height * scale,
});
export const where = ({ box: [x, y, width, height] }) => `${width} × ${height} px at ${x}, ${y}`;
export const describe = (region) => `${region.kind}, ${where(region)}, severity ${region.severity.toFixed(2)}`;
const shares = ([x, y, width, height], frame) => ({
  x: `${(100 * x) / frame.width}%`,
  y: `${(100 * y) / frame.height}%`,
  width: `${(100 * width) / frame.width}%`,
  height: `${(100 * height) / frame.height}%`,
});

export function outlined(region, frame) {
  const air = Math.max(frame.width, frame.height) / 200,
    [x, y, width, height] = region.box;
  const at = shares([x - air, y - air, width + 2 * air, height + 2 * air], frame),
    text = String(region.id),
    wide = 12 + 8 * text.length;
  return svg(
    "g",
    { "data-region": region.id, class: region.minor ? "minor" : null },
    svg("rect", { class: "halo", ...at }),
    svg("rect", { class: "edge", ...at }),
    svg(
      "g",
      { transform: y / frame.height > 0.06 ? "translate(-1.5 -20)" : "translate(-1.5 -1.5)" },
      svg("rect", { class: "name", x: at.x, y: at.y, width: wide, height: 20 }),
      svg("text", { x: at.x, y: at.y, dx: wide / 2, dy: 14.5 }, text),
    ),
  );
}

// In the photo as it came a box is a quadrangle.
export function outline(region, back, size) {
  const points = corners(region.box).map(([x, y]) => mapped(back, x, y)),
    text = String(region.id),
    high = Math.max(size.width, size.height) / 32;
  return svg(
    "g",
    { "data-region": region.id, class: region.minor ? "minor" : null },
    svg("polygon", { class: "halo", points: points.join(" ") }),
    svg("polygon", { class: "edge", points: points.join(" ") }),
    svg("text", { class: "free", x: points[0][0], y: points[0][1] - high / 3, "font-size": high }, text),
  );
}

export const leftOut = (box, frame) => svg("g", { class: "left-out" }, svg("rect", shares(box, frame)));

// Three levels of a pixel, by way of a canvas of that one.
const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
export function levels(image, x, y, frame) {
  if (!image?.naturalWidth) return "–";
  const across = image.naturalWidth / frame.width,
    down = image.naturalHeight / frame.height;
  probe.canvas.width = probe.canvas.height = 1;
  probe.drawImage(image, x * across, y * down, 1, 1, 0, 0, 1, 1);
  return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3).join(" ");
}
