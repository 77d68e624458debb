// SPDX-License-Identifier: Apache-2.0
// Opens real maps in Chromium from file:// and uses them: zoom, hover, click, lasso, search, the table, keys, the list, light and dark,
// a phone, axe's accessibility rules, and not one message on the console (a breach of the page's own policy would be one).
// usage: node check_map.mjs LIKENESS CHROMIUM; exit status 1 when a check fails.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { axeFindsNothing, done, folder, made, open as openPage, policyStopsOthers, run, suitsFingers } from "./page.mjs";

const HOSTILE = "<img src=x onerror=alert(1)>'\"&, a.pgm";
const KINDS = 4, EACH = 105; // more than 400: below, pictures show from the beginning

// Pictures of four kinds, stripes and blobs of two sizes, from a fixed seed: 8-bit gray.
let seed = 1;
const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
function picture(kind) {
  const side = 64, pixels = Buffer.alloc(side * side, 96 + random(64)), shift = random(16), level = random(60);
  for (let i = 0; i < side * side; i++) {
    const x = i % side, y = Math.floor(i / side), at = [x, y, x + y, (x >> 4) + (y >> 4)][kind];
    if ((kind < 3 ? (at + shift) >> 3 : at + (shift >> 3)) & 1) pixels[i] = 255 - level;
  }
  return Buffer.concat([Buffer.from(`P5 ${side} ${side} 255\n`), pixels]);
}

function drawPictures() {
  for (let kind = 0; kind < KINDS; kind++) {
    mkdirSync(join(folder, "set", "kind" + kind), { recursive: true });
    for (let i = 0; i < EACH; i++) writeFileSync(join(folder, "set", "kind" + kind, `picture${i}.pgm`), picture(kind));
  }
  writeFileSync(join(folder, "set", "kind0", HOSTILE), picture(0));
  writeFileSync(join(folder, "set", "kind1", "broken.png"), "no picture");
}

// A map; returns its address.
function map(name, ...options) {
  const { url, run: left } = made(name, [2], ["map", join(folder, "set"), "--out", join(folder, name), "--quiet", ...options]);
  assert.match(left.stderr, /broken\.png/);
  return url;
}

const COUNT = KINDS * EACH + 1;

// Once its thumbnails are there.
const open = (url, options = {}) => openPage(url, { ready: "html[data-ready]", viewport: { width: 1280, height: 860 }, ...options });

const title = (page) => page.locator("#list-title").textContent();
const document_ = (page) => page.locator("#map-data").evaluate((e) => JSON.parse(e.textContent));

// What the page draws: the colours of a screenshot of its stage, and how many pixels are not the commonest one.
async function ink(page) {
  const shot = (await page.locator("#stage").screenshot()).toString("base64");
  return page.evaluate(async (data) => {
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height), context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer), seen = new Map();
    for (const p of pixels) seen.set(p, (seen.get(p) ?? 0) + 1);
    return { colours: seen.size, ink: pixels.length - Math.max(...seen.values()) };
  }, shot);
}

// Where the pictures stand in the window: the map fills nine tenths of the narrower side, y upward.
async function placesOf(page) {
  const { pictures } = await document_(page);
  const xs = pictures.map((p) => p.x), ys = pictures.map((p) => p.y);
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const stage = await page.locator("#stage").boundingBox(), side = Math.max(x1 - x0, y1 - y0);
  const zoom = 0.9 * Math.min(stage.width / Math.max((x1 - x0) / side, 0.05), stage.height / Math.max((y1 - y0) / side, 0.05)) / side;
  return pictures.map((p) => [stage.x + stage.width / 2 + (p.x - (x0 + x1) / 2) * zoom,
    stage.y + stage.height / 2 - (p.y - (y0 + y1) / 2) * zoom]);
}

// A picture that no button of the map covers.
async function freePicture(page) {
  const places = await placesOf(page);
  const i = await page.evaluate((all) => all.findIndex(([x, y]) => document.elementFromPoint(x, y)?.id === "dots"), places);
  assert.ok(i >= 0, "every picture is covered");
  return [i, ...places[i]];
}

const checks = {
  async "dots and their legend, then pictures as one comes near"({ plain }) {
    const page = await open(plain);
    const doc = await document_(page);
    assert.equal(doc.schema, "likeness/map/1");
    assert.equal(doc.pictures.length, COUNT);
    assert.equal(doc.skipped.length, 1);
    assert.match(await page.locator("#summary").textContent(), new RegExp(`^${COUNT} pictures in \\d+ groups, 1 could not be read$`));
    assert.equal(await page.locator("#notice").isVisible(), false);
    await page.evaluate(() => { for (const e of document.querySelectorAll("#chips, #legend, .zoom")) e.style.visibility = "hidden"; });
    const [, x, y] = await freePicture(page), far = await ink(page);
    assert.ok(far.ink > 500, "something is drawn");
    await page.mouse.move(x, y);
    for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -150);
    await page.mouse.move(x + 1, y - 200); // away from what hovering shows
    await page.waitForTimeout(300);
    const near = await ink(page);
    assert.ok(near.ink > 1.5 * far.ink, `pictures cover more than dots: ${near.ink} pixels, ${far.ink}`);
    await page.locator("#dots").press("0");
    await done(page);
  },

  async "hover names a picture, a click lists its nearest ones"({ plain }) {
    const page = await open(plain);
    const doc = await document_(page), [i, x, y] = await freePicture(page);
    await page.mouse.move(x, y, { steps: 3 });
    await page.waitForSelector("#tip:not([hidden])");
    await page.mouse.click(x, y);
    const chosen = await page.locator("#about-name").textContent();
    assert.ok(doc.pictures.some((p) => p.path.endsWith("/" + chosen)), `${chosen}, meant ${doc.pictures[i].path}`);
    assert.equal(await page.locator("#near li").count(), doc.neighbours);
    const cosines = (await page.locator("#near .more").allTextContents()).map((t) => parseFloat(t.replace("cosine ", "")));
    assert.deepEqual(cosines, [...cosines].sort((a, b) => b - a), "the nearest first");
    const second = await page.locator("#near .name").nth(1).textContent();
    await page.locator("#near button").nth(1).click();
    assert.equal(await page.locator("#about-name").textContent(), second);
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#about").isVisible(), false);
    await done(page);
  },

  async "a lasso chooses, the table holds what it chose"({ plain }) {
    const page = await open(plain);
    const box = await page.locator("#stage").boundingBox();
    await page.locator("#lasso").click();
    const corners = [[0.002, 0.002], [0.998, 0.002], [0.998, 0.6], [0.002, 0.6]].map(([x, y]) => [box.x + x * box.width, box.y + y * box.height]);
    await page.evaluate(() => { for (const e of document.querySelectorAll("#chips, #legend, .zoom")) e.style.visibility = "hidden"; });
    await page.mouse.move(...corners[0]);
    await page.mouse.down();
    for (const c of corners.slice(1)) await page.mouse.move(...c, { steps: 6 });
    await page.mouse.up();
    const found = parseInt(await title(page), 10);
    const inside = (await placesOf(page)).filter(([, y]) => y < box.y + 0.6 * box.height).length;
    assert.ok(COUNT > found && found > 0);
    assert.equal(found, inside);
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#export").click()]);
    const rows = readFileSync(await download.path(), "utf8").trimEnd().split("\r\n");
    assert.equal(rows.length, found + 1);
    assert.equal(rows[0], "path,x,y,cluster,cluster_name,label,score,time");
    await page.locator("#clear").click();
    assert.equal(await title(page), `All ${COUNT} pictures`);
    await done(page);
  },

  async "search finds names and labels; a hostile name is shown, not run"({ plain }) {
    const page = await open(plain);
    await page.locator("#search").fill("KIND2");
    await page.waitForFunction(() => document.getElementById("list-title").textContent.startsWith("105 pictures for"));
    await page.locator("#search").fill("onerror");
    await page.waitForFunction(() => document.getElementById("list-title").textContent.startsWith("1 picture for"));
    await page.locator("#search").press("Enter");
    assert.equal(await page.locator("#about-name").textContent(), HOSTILE);
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#export").click()]);
    assert.ok(readFileSync(await download.path(), "utf8").includes(HOSTILE.replaceAll('"', '""') + '"'));
    await page.locator("#search").fill("no such picture");
    await page.waitForFunction(() => document.getElementById("list-title").textContent.startsWith("Nothing is called"));
    assert.equal(await page.locator('img[src="x"]').count(), 0);
    await done(page);
  },

  async "colours follow what is chosen, the legend lists it"({ plain }) {
    const page = await open(plain);
    assert.equal(await page.locator("#colour-by").inputValue(), "label");
    assert.equal(await page.locator("#legend .row").count(), KINDS);
    await page.locator("#legend .row").first().click();
    assert.match(await title(page), /^kind\d: 10[56] pictures$/);
    await page.locator("#legend .row").first().click();
    const shots = [];
    for (const by of await page.locator("#colour-by option").evaluateAll((all) => all.map((o) => o.value))) {
      await page.locator("#colour-by").selectOption(by);
      await page.waitForTimeout(60);
      shots.push((await page.locator("#dots").screenshot()).toString("base64"));
    }
    assert.deepEqual(await page.locator("#colour-by option").evaluateAll((all) => all.map((o) => o.value)), ["cluster", "folder", "label", "score", "time"]);
    assert.notEqual(shots[2], shots[3]);
    await done(page);
  },

  async "all by keys, and by the list"({ plain }) {
    const page = await open(plain);
    await page.locator("#dots").focus();
    await page.keyboard.press("Enter");
    const first = await page.locator("#about-name").textContent();
    assert.ok(first.length > 3);
    await page.keyboard.press("n");
    assert.notEqual(await page.locator("#about-name").textContent(), first);
    await page.keyboard.press("p");
    assert.equal(await page.locator("#about-name").textContent(), first);
    const before = await page.locator("#colour-by").inputValue();
    for (const key of ["ArrowLeft", "ArrowUp", "+", "-", "0", "c", "d", "l"]) await page.keyboard.press(key);
    assert.notEqual(await page.locator("#colour-by").inputValue(), before);
    assert.equal(await page.locator("#lasso").getAttribute("aria-pressed"), "true");
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "search");
    await page.keyboard.press("Escape");
    await page.locator("#list button").nth(5).focus();
    const name = await page.locator("#list .name").nth(5).textContent();
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#about-name").textContent(), name);
    assert.match(await page.locator("#live").textContent(), /nearest pictures are listed/);
    assert.equal(await page.locator("#list li").count(), 60);
    await page.locator("#more").click();
    assert.equal(await page.locator("#list li").count(), 120);
    while (await page.locator("#more").isVisible()) await page.locator("#more").click();
    assert.equal(await page.locator("#list li").count(), COUNT);
    await done(page);
  },

  async "a group's name opens it"({ plain }) {
    const page = await open(plain);
    const chip = page.locator(".chip:not(.away)").first(), size = await chip.locator("b").textContent();
    await chip.click();
    assert.match(await title(page), new RegExp(`: ${size} pictures$`));
    await done(page);
  },

  async "principal components, few pictures to a page of thumbnails"({ pca }) {
    const page = await open(pca);
    assert.equal((await document_(page)).method, "pca");
    assert.equal(await page.locator("#notice").isVisible(), false);
    await done(page);
  },

  async "the policy stops what is not the page's own"({ plain }) {
    await policyStopsOthers(await open(plain));
  },

  async "a phone needs no sideways scrolling, and a tap chooses"({ plain }) {
    const page = await open(plain, { viewport: { width: 320, height: 700 }, isMobile: true, hasTouch: true });
    await suitsFingers(page, ".top button, .top input, .top select, .zoom button, .pictures button");
    const [, x, y] = await freePicture(page);
    await page.touchscreen.tap(x, y);
    await page.waitForSelector("#about:not([hidden])");
    await done(page);
  },

  async "axe finds nothing, light or dark"({ plain }) {
    for (const [colorScheme, width] of [["light", 1280], ["dark", 1280], ["dark", 390]]) {
      const page = await open(plain, { colorScheme, viewport: { width, height: 860 }, bypassCSP: true });
      await page.locator("#list button").first().click();
      await page.waitForTimeout(600);
      await axeFindsNothing(page);
      await done(page);
    }
  },
};

function makePages() {
  drawPictures();
  return { plain: map("plain.html"), pca: map("pca.html", "--method", "pca", "--thumb", "16") };
}

await run(checks, makePages, ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]);
