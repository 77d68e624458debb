// SPDX-License-Identifier: Apache-2.0
// Places and sizes of the viewer. A homography is nine numbers, row by row, as in the documents; it maps the photo onto the
// reference.
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export function inverse(h) {
  const [a, b, c, d, e, f, g, i, k] = h;
  const adjugate = [
    e * k - f * i,
    c * i - b * k,
    b * f - c * e,
    f * g - d * k,
    a * k - c * g,
    c * d - a * f,
    d * i - e * g,
    b * g - a * i,
    a * e - b * d,
  ];
  const determinant = a * adjugate[0] + b * adjugate[3] + c * adjugate[6];
  return adjugate.map((v) => v / determinant);
}

export function mapped(h, x, y) {
  const w = h[6] * x + h[7] * y + h[8];
  return [(h[0] * x + h[1] * y + h[2]) / w, (h[3] * x + h[4] * y + h[5]) / w];
}

// How much longer a short step at (x, y) becomes.
export function magnification(h, x, y) {
  const from = mapped(h, x, y),
    right = mapped(h, x + 1, y),
    down = mapped(h, x, y + 1);
  const area = (right[0] - from[0]) * (down[1] - from[1]) - (right[1] - from[1]) * (down[0] - from[0]);
  return Math.sqrt(Math.abs(area));
}

// The corners of a box.
export const corners = ([x, y, width, height]) => [
  [x, y],
  [x + width, y],
  [x + width, y + height],
  [x, y + height],
];

// The middle (a share of a side) may go only so far that the picture still fills the pane, or is centred where it is smaller.
export function heldMiddle(middle, pane, picture) {
  const half = Math.min(0.5, pane / (2 * picture));
  return clamp(middle, half, 1 - half);
}

// The box that two points span, inside the frame, in whole pixels.
export function boxOf([x0, y0], [x1, y1], frame) {
  const left = clamp(Math.floor(Math.min(x0, x1)), 0, frame.width),
    top = clamp(Math.floor(Math.min(y0, y1)), 0, frame.height);
  const right = clamp(Math.ceil(Math.max(x0, x1)), 0, frame.width),
    bottom = clamp(Math.ceil(Math.max(y0, y1)), 0, frame.height);
  return [left, top, right - left, bottom - top];
}
