// SPDX-License-Identifier: Apache-2.0
// What the measures of a comparison say: six ways in one line each, the aspects a person asks about, and all figures by aspect.
import { bar, byId, node } from "/site.mjs";

const percent = (share) => `${(100 * share).toFixed(share > 0.999 || share < 0.001 ? 3 : 1)} %`;
const short = (value) => (typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value));

// What each way is, from which of its measures, in words: the first that was made counts.
const WAYS = [
  [
    "Pixel",
    {
      pixel: ({ details: d }) => [
        percent(1 - (d.diff_ratio ?? 0)),
        `of the levels agree; ${percent(d.match_rate)} of the pixels are equal, mean error ${short(d.mae)}`,
        1 - (d.diff_ratio ?? 0),
      ],
    },
  ],
  [
    "Features",
    {
      orb: ({ details: d }) => [
        `${d.inliers} points`,
        `of ${d.matches} matched ones agree on one view, from ${d.keypoints.join(" and ")}`,
      ],
    },
  ],
  [
    "Structure",
    {
      "ms-ssim": (m) => [m.value.toFixed(3), "structure over five scales, once aligned (MS-SSIM)"],
      ssim: (m) => [m.value.toFixed(3), "light, contrast and structure around each pixel (SSIM)"],
    },
  ],
  [
    "Perception",
    {
      flip: (m) => [
        m.score.toFixed(3),
        `the mean error that a person sees who flips between the two is ${m.value.toFixed(3)} (FLIP)`,
      ],
      ssimulacra2: (m) => [m.score.toFixed(3), `quality of the photo beside the reference: ${m.details.quality}`],
    },
  ],
  [
    "Embedding",
    { latent: (m) => [m.value.toFixed(3), `cosine of two vectors of ${m.details.dim} numbers (${m.details.model})`] },
  ],
  [
    "Classification",
    {
      category: (m) => [
        percent(m.value),
        `overlap of what ${m.details.model ?? "the network"} takes the two for: ${classes(m.details)}`,
      ],
    },
  ],
];

// The first label each.
const classes = (details) =>
  Object.values(details)
    .filter((v) => typeof v === "string" && v.includes(";"))
    .map((text) => text.split(";")[0].trim())
    .join(" and ");

function tile(name, rows, measures) {
  const found = Object.keys(rows)
    .map((key) => measures.find((m) => m.name === key))
    .find(Boolean);
  if (!found) {
    const missing =
      name === "Classification" ? "No model that classifies is installed: likeness model add FILE." : "Not asked for.";
    return node("div", { class: "tile" }, node("h3", {}, name), node("div", { class: "number" }, "–"), node("p", {}, missing));
  }
  const [figure, words, share = found.score] = rows[found.name](found);
  return node(
    "div",
    { class: "tile" },
    node("h3", {}, name),
    node("div", { class: "number" }, figure),
    bar(share),
    node("p", {}, words),
  );
}

const scoreCell = (score) =>
  node("td", { class: "number" }, score == null ? "–" : score.toFixed(3), score == null ? null : bar(score));

function measureRow(m) {
  const details = Object.entries(m.details ?? {}).map(
    ([key, value]) => `${key.replaceAll("_", " ")} ${Array.isArray(value) ? value.map(short).join(", ") : short(value)}`,
  );
  return node(
    "tr",
    {},
    node("th", { scope: "row" }, m.name),
    node("td", { class: "number" }, m.value == null ? "–" : `${short(m.value)} ${m.unit}`),
    scoreCell(m.score),
    node(
      "td",
      {},
      details.length ? node("details", {}, node("summary", {}, `${details.length} figures`), details.join(" · ")) : "",
    ),
  );
}

export function showMeasures({ measures, aspects }) {
  byId("ways").replaceChildren(...WAYS.map(([name, rows]) => tile(name, rows, measures)));
  byId("aspects").tBodies[0].replaceChildren(
    ...aspects.map((a) => node("tr", {}, node("th", { scope: "row" }, a.name), scoreCell(a.score), node("td", {}, a.reason))),
  );
  const table = byId("measures-table"),
    groups = [...new Set(measures.map((m) => m.aspect))];
  for (const body of [...table.tBodies]) body.remove();
  table.append(
    ...groups.map((aspect) =>
      node(
        "tbody",
        {},
        node("tr", {}, node("th", { scope: "rowgroup", colspan: 4, class: "hint" }, aspect)),
        measures.filter((m) => m.aspect === aspect).map(measureRow),
      ),
    ),
  );
}
