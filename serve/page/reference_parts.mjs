// SPDX-License-Identifier: Apache-2.0
// What the pages of references share.
import { node } from "/site.mjs";

export const pictureOf = (r, width) => `/api/v1/references/${encodeURIComponent(`${r.id}@${r.version}`)}/picture?w=${width}`;

// Stars of 5 with the same in words; star.value is 0..1.
export function starsOf(star) {
  if (!star || star.value == null) return node("span", { class: "hint" }, "quality not known");
  const n = Math.round(star.value * 5);
  return node("span", { class: "star" }, node("span", { "aria-hidden": "true" }, "★".repeat(n) + "☆".repeat(5 - n)), node("span", { class: "star-words" }, ` ${n} of 5 stars`));
}

export const reasonsOf = (reasons) => reasons.length ? node("ul", { class: "reasons" }, reasons.map((text) => node("li", {}, text)))
  : node("p", { class: "hint" }, "Nothing to complain of.");

export const tagsOf = (text) => text.split(",").map((tag) => tag.trim()).filter(Boolean);
