// SPDX-License-Identifier: Apache-2.0
// The pictures of a verdict: the viewer for the screen, figures for paper, and each difference as a numbered pair.
import { node, svg } from "/site.mjs";
import "/likeness_viewer.mjs";

const CROPS = 12,
  SIGHTS = ["reference", "aligned", "photo", "heat", "map", "matches"];

export function showViewer(viewer, result, files) {
  const [a, b] = result.inputs;
  viewer.show({
    frame: { width: a.width, height: a.height },
    photoSize: { width: b.width, height: b.height },
    pictures: Object.fromEntries(SIGHTS.filter((name) => files[name]).map((name) => [name, files[name]])),
    regions: ordered(result).map((region) => ({ ...region, minor: !region.counts })),
    homography: result.alignment.model === "none" ? null : result.alignment.homography,
  });
}

// Those that count first, by their number.
const ordered = ({ regions }) => [...regions.filter((r) => r.counts), ...regions.filter((r) => !r.counts)];

export function showFigures(place, result, files) {
  const figure = (name, words) =>
    files[name] && node("figure", {}, node("img", { src: files[name], alt: words }), node("figcaption", {}, words));
  place.replaceChildren(
    ...[
      figure("reference", "Original"),
      figure("photo", "Photo, as it came"),
      figure("heat", "Differences: bright is different"),
    ].filter(Boolean),
  );
}

// The box with surroundings, since a difference is judged by what is around it, and never narrower than half its length.
function around([x, y, width, height], frame) {
  const across = Math.max(0.4 * width, 24, (height / 2 - width) / 2),
    down = Math.max(0.4 * height, 24, (width / 2 - height) / 2);
  const left = Math.max(0, x - across),
    top = Math.max(0, y - down);
  return [left, top, Math.min(frame.width, x + width + across) - left, Math.min(frame.height, y + height + down) - top];
}

function crop(source, words, view, frame) {
  return node(
    "figure",
    {},
    svg(
      "svg",
      { viewBox: view.join(" "), role: "img", "aria-label": words },
      svg("image", { href: source, width: frame.width, height: frame.height, preserveAspectRatio: "none" }),
    ),
    node("figcaption", {}, words),
  );
}

export function showCrops(place, section, result, files) {
  const [frame] = result.inputs,
    changes = ordered(result).filter((region) => region.counts);
  section.hidden = changes.length === 0;
  place.replaceChildren(
    ...changes.slice(0, CROPS).map((region) => {
      const view = around(region.box, frame),
        [x, y, width, height] = region.box;
      return node(
        "article",
        { class: "crop" },
        node(
          "h3",
          {},
          node("span", { class: "flag" }, String(region.id)),
          ` ${region.kind} `,
          node("span", { class: "hint" }, `${width} × ${height} px at ${x}, ${y}, severity ${region.severity.toFixed(2)}`),
        ),
        node(
          "div",
          { class: "triple" },
          crop(files.reference, "Original", view, frame),
          crop(files.aligned, "Photo", view, frame),
          files.heat && crop(files.heat, "Difference", view, frame),
        ),
      );
    }),
    ...(changes.length > CROPS ? [node("p", {}, `and ${changes.length - CROPS} more, in the list beside the pictures.`)] : []),
  );
}
