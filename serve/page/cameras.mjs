// SPDX-License-Identifier: Apache-2.0
// The wall of cameras: the worst first, as the service tells of them.
import { byId, call, node, send, upload } from "/site.mjs";
import { ago, cameraState, follow, score, stateOf } from "/camera_parts.mjs";

const tiles = new Map();

const rank = (c) => c.latched ? stateOf(c.state).rank - 20 : c.enabled ? stateOf(c.state).rank : 20;
const worst = (a, b) => rank(a) - rank(b) || (a.score ?? 0) - (b.score ?? 0) || a.id.localeCompare(b.id);

function makeTile(id) {
  const image = node("img", { alt: "", loading: "lazy" });
  const link = node("a", { class: "name", href: `/cameras/${encodeURIComponent(id)}` });
  const state = node("p"), words = node("p");
  return { image, link, state, words, item: node("li", { class: "picture-card" }, image, node("div", {}, link, state, words)) };
}

function fill(tile, c) {
  const of = `${c.looked_ms}-${c.baselines}`;
  tile.link.textContent = c.name || c.id;
  tile.state.replaceChildren(cameraState(c), c.latched ? node("span", {}, " · waits to be seen") : "");
  tile.words.textContent = c.looked_ms ? `${stateOf(c.state).means} · score ${score(c.score)} · ${ago(c.looked_ms)}` : "has not looked yet";
  tile.item.classList.toggle("alarm", c.latched);
  if (tile.of !== of) {
    tile.of = of;
    tile.image.src = `/api/v1/cameras/${encodeURIComponent(c.id)}/now?w=480&at=${c.looked_ms}`;
  }
}

function show(cameras) {
  const sorted = [...cameras].sort(worst);
  for (const c of sorted) {
    if (!tiles.has(c.id)) tiles.set(c.id, makeTile(c.id));
    fill(tiles.get(c.id), c);
  }
  const order = sorted.map((c) => tiles.get(c.id).item), wall = byId("wall");
  if (order.length !== wall.children.length || order.some((item, i) => wall.children[i] !== item)) {
    const focused = document.activeElement;
    wall.replaceChildren(...order);
    if (wall.contains(focused)) focused.focus({ preventScroll: true });
  }
  const bad = cameras.filter((c) => c.enabled && c.state !== "ok").length, waits = cameras.filter((c) => c.latched).length;
  const words = `${cameras.length} ${cameras.length === 1 ? "camera" : "cameras"}, ${bad === 0 ? "all well" : `${bad} not well`}${waits ? `, ${waits} to be acknowledged` : ""}.`;
  if (byId("summary").textContent !== words) byId("summary").textContent = cameras.length ? words : "";
  byId("none").hidden = cameras.length > 0;
}

// ---- adding ----
byId("adding").addEventListener("toggle", async () => {
  if (!byId("adding").open) return;
  const allowed = await call("/api/v1/camera-sources").then(({ body }) => body.sources, () => []);
  byId("source-field").hidden = allowed.length === 0;
  byId("source-hint").textContent = allowed.length
    ? `Left empty, it sends its frames itself. Allowed here: ${allowed.join(", ")}. likeness watch fetches them, from its next start on.`
    : "It sends its frames itself, to /api/v1/cameras/ID/frames: no addresses are allowed here (likeness serve --camera-sources).";
});
byId("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  event.submitter.disabled = true;
  byId("add-said").textContent = "Adding.";
  try {
    const { id: image } = await upload(byId("add-picture").files[0]);
    const source = byId("add-source").value.trim();
    const { body } = await send("POST", "/api/v1/cameras", { id: byId("add-id").value, name: byId("add-name").value, image, ...(source ? { source } : {}) });
    window.location.assign(`/cameras/${encodeURIComponent(body.id)}`);
  } catch (error) {
    byId("add-said").textContent = `That did not work: ${error.message}`;
    event.submitter.disabled = false;
  }
});

byId("curl").textContent = `curl ${location.origin}/api/v1/cameras`;
follow(async () => {
  try {
    show((await call("/api/v1/cameras")).body.cameras);
    byId("problem").hidden = true;
  } catch (error) {
    byId("problem").textContent = `What you see is old: ${error.message}`;
    byId("problem").hidden = false;
  }
})();
