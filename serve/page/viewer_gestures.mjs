// SPDX-License-Identifier: Apache-2.0
// Pointers on the stage of the viewer: drag, pinch, wheel, double click, the divider, boxes. Places are pixels of the pane that is
// under the pointer.
import { clamp } from "/viewer_math.mjs";

export function gestures(stage, actions) {
  const pointers = new Map();
  let doing = "",
    from = null;

  const paneOf = (event) => event.target.closest?.(".pane") ?? stage.querySelector(".pane");
  function at(event, pane = paneOf(event)) {
    const box = pane.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  function pinch(event, before) {
    const other = [...pointers.values()].find((p) => p.pointerId !== event.pointerId);
    const apart = (p) => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY);
    if (!other || apart(before) === 0) return;
    const box = from.pane.getBoundingClientRect();
    actions.zoomBy(
      apart(event) / apart(before),
      (event.clientX + other.clientX) / 2 - box.left,
      (event.clientY + other.clientY) / 2 - box.top,
    );
    actions.moveBy((event.clientX - before.clientX) / 2, (event.clientY - before.clientY) / 2);
  }

  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const pane = paneOf(event);
    if (pointers.size === 0) from = { pane, at: at(event, pane) };
    pointers.set(event.pointerId, event);
    stage.setPointerCapture(event.pointerId);
    if (doing === "draw") actions.endBox();
    doing = pointers.size === 2 ? "pinch" : actions.draws() ? "draw" : actions.divider(from.at[0]) ? "divide" : "move";
    if (doing === "divide") actions.divide(from.at[0]);
  });

  stage.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    if (doing === "pinch") pinch(event, before);
    else if (doing === "divide") actions.divide(at(event, from.pane)[0]);
    else if (doing === "draw") actions.drawBox(from.at, at(event, from.pane));
    else actions.moveBy(event.clientX - before.clientX, event.clientY - before.clientY);
    pointers.set(event.pointerId, event);
  });

  for (const end of ["pointerup", "pointercancel"]) {
    stage.addEventListener(end, (event) => {
      if (!pointers.delete(event.pointerId)) return;
      if (doing === "draw") actions.endBox();
      doing = pointers.size === 1 ? "move" : "";
    });
  }

  stage.addEventListener("dblclick", (event) => actions.zoomBy(2, ...at(event)));

  // The wheel zooms where that is meant: with Ctrl (and so by pinching a touch pad), or while the picture has the focus.
  stage.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && document.activeElement !== stage) return;
      event.preventDefault();
      actions.zoomBy(Math.exp(-clamp(event.deltaY, -100, 100) / 200), ...at(event));
    },
    { passive: false },
  );
}
