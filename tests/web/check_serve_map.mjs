// SPDX-License-Identifier: Apache-2.0
// The pages of similarity maps and of searching in Chromium, on the real service: a map is begun, looked at, chosen from, taken along;
// a picture that is dropped lands beside what it is like; a search shows what the command finds. Once with a pointer, once by keys.
import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder, made, run, samples } from "./page.mjs";

// Photos of three things: the package, stripes, rings.
const pictures = join(folder, "pictures"), SIDE = 320;
const drawing = (level) => Buffer.concat([Buffer.from(`P6 ${SIDE} ${SIDE} 255\n`), Buffer.from(Array.from({ length: SIDE * SIDE }, (_, i) => level(i % SIDE, Math.floor(i / SIDE))).flat())]);
const KINDS = {
  boxes: readFileSync(join(samples, "original.png")),
  stripes: drawing((x, y) => ((x + 2 * y) / 24 & 1 ? [200, 60, 40] : [240, 220, 180])),
  rings: drawing((x, y) => (Math.hypot(x - 150, y - 170) / 18 & 1 ? [20, 80, 150] : [190, 215, 235])),
}, EACH = 9;
mkdirSync(pictures);
for (const [kind, bytes] of Object.entries(KINDS)) {
  const from = join(folder, kind + (kind === "boxes" ? ".png" : ".ppm"));
  mkdirSync(join(pictures, kind));
  writeFileSync(from, bytes);
  for (let seed = 1; seed <= EACH; seed++) {
    made("pictures", [0], ["simulate", from, "--out", join(pictures, kind, `view-${seed}.jpg`), "--seed", String(seed), "--difficulty", "0.2", "--size", "480x360"]);
  }
}
copyFileSync(join(samples, "original.png"), join(pictures, "boxes", "original.png"));
const COUNT = 3 * EACH + 1;
// With the network of the shared data, where it is there, the page to search says what a picture shows.
const network = join(process.env.LIKENESS_DATA ?? join(samples, "..", "..", "shared"), "models", "mobilenet_v2_1.0_224.onnx"), classifies = existsSync(network);
if (classifies) made("models", [0], ["model", "add", network]);
process.env.LIKENESS_SERVE_OPTIONS = `--collection pics=${pictures}`;
const { ask, endService, openPage, sample, suitsEverybody, tabTo, url } = await import("./service.mjs");
const PATIENCE = { timeout: 120000 };
const GRAPHICS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"];
const READY = { ready: "html[data-ready]" };

const drop = (page, name) => page.evaluate(([file, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], file));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}, [name, [...readFileSync(sample(name))]]);

const listTitle = (page) => page.textContent("#list-title");
const table = (path) => readFileSync(path, "utf8").trimEnd().split("\r\n");

let drawn = 0;
const checks = {
  async drawsAMapByKeys() {
    const page = await openPage("map");
    await page.waitForSelector("#collection option", { state: "attached" });
    await tabTo(page, "#neighbours");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("5");
    await tabTo(page, "#form button");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement.matches("#maps a"), null, PATIENCE);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/map\/\d+$/);
    await page.waitForSelector("html[data-ready]", { ...PATIENCE, state: "attached" });
    drawn = Number(page.url().split("/").at(-1));
    assert.match(await page.textContent("#summary"), new RegExp(`^${COUNT} pictures in \\d+ groups`));
    await page.finish();
  },
  async choosesWithALasso() {
    const page = await openPage(`map/${drawn}`, READY);
    assert.equal(await page.isVisible("#notice"), false, "WebGL2 and thumbnails");
    const box = await page.locator("#stage").boundingBox();
    await page.evaluate(() => { for (const e of document.querySelectorAll("#chips, #legend, .zoom")) e.style.visibility = "hidden"; });
    await page.click("#lasso");
    await page.mouse.move(box.x + 4, box.y + 4);
    await page.mouse.down();
    for (const [x, y] of [[0.99, 0.01], [0.99, 0.99], [0.01, 0.99]]) await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 5 });
    await page.mouse.up();
    assert.equal(await listTitle(page), `${COUNT} pictures in the lasso`);
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#export")]);
    const rows = table(await download.path());
    assert.equal(rows.length, COUNT + 1);
    assert.match(rows[1], /^pics\/(boxes|stripes|rings)\//);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.wheel(0, -400);
    await page.finish();
  },
  async isUsedByKeysAlone() {
    const page = await openPage(`map/${drawn}`, READY);
    await tabTo(page, ".map .skip");
    await tabTo(page, "#search");
    await page.keyboard.type("original");
    await page.waitForFunction(() => document.getElementById("list-title").textContent.startsWith("1 picture for"));
    await page.keyboard.press("Enter");
    assert.equal(await page.textContent("#about-name"), "original.png");
    await tabTo(page, "#export");
    const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
    assert.equal(table(await download.path()).length, 2);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    assert.equal(await listTitle(page), `All ${COUNT} pictures`);
    await page.focus("#dots");
    for (const key of ["+", "ArrowLeft", "Enter", "n", "0"]) await page.keyboard.press(key);
    assert.match(await page.textContent("#live"), /nearest pictures are listed/);
    await tabTo(page, "#list button");
    await page.keyboard.press("Enter");
    assert.equal(await page.textContent("#about-name"), await page.textContent("#list li .name"));
    await page.finish();
  },
  async showsWhereAPictureLands() {
    const page = await openPage(`map/${drawn}`, READY);
    await drop(page, "photo.jpg");
    await page.waitForFunction(() => document.activeElement.id === "about-name", null, PATIENCE);
    assert.equal(await page.textContent("#about-name"), "photo.jpg");
    const { body } = await ask("POST", "api/v1/search", { image: "photo.jpg", collection: "pics", by: "embedding", k: 12 });
    const names = await page.locator("#near .name").allTextContents();
    assert.deepEqual(names, body.hits.map((hit) => hit.path.split("/").at(-1)));
    assert.ok(body.hits.slice(0, 3).every(({ path }) => path.startsWith("pics/boxes/")), "a photo of the package is like other photos of it");
    assert.match(await page.textContent("#live"), /^photo\.jpg lands beside (view-\d+\.jpg|original\.png), group /);
    const isMarked = (wanted) => page.waitForFunction((is) => {
      const marks = document.getElementById("marks"), copy = new OffscreenCanvas(marks.width, marks.height).getContext("2d");
      copy.drawImage(marks, 0, 0);
      const drawn = copy.getImageData(0, 0, marks.width, marks.height).data.some((level, i) => i % 4 === 3 && level);
      return is === (drawn && !marks.hidden);
    }, wanted, { polling: 100, timeout: 20000 });
    await isMarked(true);
    await page.keyboard.press("Escape");
    assert.equal(await page.isVisible("#about"), false);
    await isMarked(false);
    await page.finish();
  },
  async saysWhatIsNoMap() {
    const page = await openPage("map/999");
    await page.waitForFunction(() => /no job 999/.test(document.getElementById("status").textContent));
    page.messages = page.messages.filter((message) => !/status of 404/.test(message));
    await page.finish();
  },
  async searchesByKeysAlone() {
    const page = await openPage("search");
    await page.waitForFunction(() => document.getElementById("where").value === "pics");
    const chooser = page.waitForEvent("filechooser");
    await tabTo(page, "#file");
    await page.keyboard.press("Enter");
    await (await chooser).setFiles(sample("original.png"));
    await page.waitForFunction(() => document.activeElement.id === "summary", null, PATIENCE);
    assert.match(await page.textContent("#summary"), new RegExp(`^20 like original\\.png, among ${COUNT} pictures of pics$`));
    const { body } = await ask("POST", "api/v1/search", { image: "original.png", collection: "pics", k: 20 });
    assert.deepEqual(await page.locator("#hits strong").allTextContents(), body.hits.map((hit) => hit.path.split("/").at(-1)));
    await page.waitForFunction(() => [...document.querySelectorAll("#hits img")].slice(0, 6).every((i) => i.complete && i.naturalWidth > 0));
    if (classifies) assert.match(await page.locator("#shows:not([hidden])").textContent(PATIENCE), /^It seems to show: .+ \(\d+ %\), .+ \(\d+ %\)\.$/);
    else assert.equal(await page.isVisible("#shows"), false);
    await tabTo(page, "#hits a");
    await page.focus("#where");
    await page.keyboard.press("Home"); // the stored originals
    await page.waitForFunction(() => /among 1 originals/.test(document.getElementById("summary").textContent), null, PATIENCE);
    assert.equal(await page.isVisible("#by-field"), false);
    assert.equal(await page.textContent("#hits strong"), "pack");
    await page.reload();
    await page.waitForFunction(() => /among 1 originals/.test(document.getElementById("summary").textContent), null, PATIENCE);
    await page.waitForFunction(() => [...document.querySelectorAll("#hits img")].every((i) => i.complete && i.naturalWidth > 0));
    await page.finish();
  },
  async suitsAxeAndPhones() {
    await suitsEverybody("map", "maps", (page) => page.waitForSelector("#maps a"));
    await suitsEverybody(`map/${drawn}`, "map", async (page) => {
      await page.waitForSelector("html[data-ready]", { state: "attached" });
      await drop(page, "photo.jpg");
      await page.waitForFunction(() => document.activeElement.id === "about-name", null, PATIENCE);
      await page.waitForTimeout(800);
    }, ".top button, .top input, .top select, .zoom button, .pictures button, .land input, .ways a, nav a");
    const { body } = await ask("GET", "api/v1/images");
    const { id } = body.images.find(({ name }) => name === "original.png");
    await suitsEverybody(`search?image=${id}&name=original.png&in=pics&k=10`, "search", async (page) => {
      await page.waitForFunction(() => document.activeElement.id === "summary", null, PATIENCE);
      await page.waitForFunction(() => [...document.querySelectorAll("#hits img")].slice(0, 4).every((i) => i.complete && i.naturalWidth > 0));
    });
  },
};

const { body: original } = await ask("POST", "api/v1/images?name=original.png", readFileSync(sample("original.png")));
await ask("POST", "api/v1/references", { id: "pack", image: original.id });
await run(checks, () => url, GRAPHICS);
await endService();
