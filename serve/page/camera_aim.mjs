// SPDX-License-Identifier: Apache-2.0
// How to turn a camera back, as an arrow and in words.
import { svg } from "/site.mjs";

const GOOD_DEG = 0.5, FAR_DEG = 15;

function words(a) {
  if (!(a.reliability > 0)) return "Cannot tell: the picture shows too little of the reference view.";
  if (a.aimed) return "It is back.";
  const parts = [];
  if (Math.abs(a.pan_deg) > GOOD_DEG) parts.push(`${Math.abs(a.pan_deg).toFixed(1)}° ${a.pan_deg > 0 ? "to the left" : "to the right"}`);
  if (Math.abs(a.tilt_deg) > GOOD_DEG) parts.push(`${Math.abs(a.tilt_deg).toFixed(1)}° ${a.tilt_deg > 0 ? "up" : "down"}`);
  const also = [];
  if (Math.abs(a.roll_deg) > GOOD_DEG) also.push(`roll it ${Math.abs(a.roll_deg).toFixed(1)}° ${a.roll_deg > 0 ? "counter-clockwise" : "clockwise"}`);
  if (Math.abs(a.zoom - 1) > 0.02) also.push(`zoom ${a.zoom > 1 ? "out" : "in"} by ${(100 * Math.abs(1 - 1 / a.zoom)).toFixed(0)} %`);
  const all = [...(parts.length ? [`turn ${parts.join(" and ")}`] : []), ...also].join(", ");
  return `${all.charAt(0).toUpperCase()}${all.slice(1)}.`;
}

// place holds #aim-arrow, #aim-words and #aim-more; a is a document camera-aim-1.
export function drawAim(place, a) {
  const far = Math.hypot(a.pan_deg, a.tilt_deg), length = a.reliability > 0 ? Math.min(1, far / FAR_DEG) * 38 : 0;
  const ux = far > 0 ? -a.pan_deg / far : 0, uy = far > 0 ? -a.tilt_deg / far : 0;
  const [x, y] = [50 + ux * length, 50 + uy * length];
  const head = (turn) => {
    const [c, s] = [Math.cos(turn), Math.sin(turn)];
    return `${x - 9 * (ux * c - uy * s)} ${y - 9 * (ux * s + uy * c)}`;
  };
  const arrow = a.reliability > 0 && !a.aimed && far > GOOD_DEG;
  place.querySelector("#aim-arrow").replaceChildren(svg("svg", { viewBox: "0 0 100 100", "aria-hidden": "true" },
    ...[12, 25, 38].map((r) => svg("circle", { class: "ring", cx: 50, cy: 50, r })),
    svg("path", { class: "ring", d: "M50 6v88M6 50h88" }),
    arrow ? svg("path", { class: "arrow", d: `M50 50L${x} ${y}M${head(0.5)}L${x} ${y}L${head(-0.5)}` }) : svg("circle", { class: a.aimed ? "home" : "ring", cx: 50, cy: 50, r: 7 })));
  place.querySelector("#aim-words").textContent = words(a);
  place.querySelector("#aim-more").textContent = a.reliability > 0 && !a.aimed ? `Within ${GOOD_DEG}° is good. How sure: ${a.reliability.toFixed(2)}.` : "";
  place.hidden = false;
}
