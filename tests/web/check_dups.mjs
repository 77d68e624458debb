// SPDX-License-Identifier: Apache-2.0
// Opens real pages of duplicates in Chromium from file:// and uses them: filters by mouse, keys and without a script, going from group to
// group, links to files of whatever name, light and dark, a phone, paper, axe's accessibility rules, and not one message on the console.
// usage: node check_dups.mjs LIKENESS CHROMIUM; exit status 1 when a check fails.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { axeFindsNothing, done, folder, made, open, policyStopsOthers, run, suitsFingers } from "./page.mjs";

const HOSTILE = "<img src=x onerror=alert(1)>'\"& #?%41 ü.ppm";
const KINDS = { exact: 1, near: 1, crop: 1, rotated: 1, mirrored: 1 };
const GROUPS = 5;

// Blobs of colours from a seed, row by row: [width, height, pixels].
function blobs(seed) {
  const width = 420, height = 320, pixels = Buffer.alloc(width * height * 3, 120);
  let state = seed;
  const random = (n) => (state = (state * 48271) % 2147483647) % n;
  for (let i = 0; i < 420; i++) {
    const x = random(width - 30), y = random(height - 30), side = 4 + random(26), colour = [random(256), random(256), random(256)];
    for (let row = y; row < y + side; row++) {
      for (let column = x; column < x + side; column++) pixels.set(colour, (row * width + column) * 3);
    }
  }
  return [width, height, pixels];
}

// The picture whose pixel x, y is the one at from(x, y).
function moved([width, , pixels], w, h, from) {
  const out = Buffer.alloc(w * h * 3);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const [column, row] = from(x, y), at = (row * width + column) * 3;
      pixels.copy(out, (y * w + x) * 3, at, at + 3);
    }
  }
  return [w, h, out];
}

function save(name, [width, height, pixels]) {
  writeFileSync(join(folder, "set", name), Buffer.concat([Buffer.from(`P6 ${width} ${height} 255\n`), pixels]));
}

// A group of each kind, and pictures that nothing is like.
function drawPictures() {
  mkdirSync(join(folder, "set", "below", "further"), { recursive: true });
  const all = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => blobs(11 + 7 * i)), [w, h] = all[0];
  all.forEach((picture, i) => save(`p${i}.ppm`, picture));
  for (let i = 0; i < 3; i++) save(`below/same${i}.ppm`, all[0]);
  save("below/" + HOSTILE, moved(all[1], w >> 1, h >> 1, (x, y) => [2 * x, 2 * y]));
  save("below/further/part.ppm", moved(all[2], 280, 220, (x, y) => [x + 90, y + 60]));
  save("below/turned.ppm", moved(all[3], h, w, (x, y) => [y, h - 1 - x]));
  save("mirrored.ppm", moved(all[4], w, h, (x, y) => [w - 1 - x, y]));
}

function dups(name, ...options) {
  return made(name, [0], ["dups", "set", "--html", name, "--quiet", ...options]).url;
}

const groups = (page) => page.locator(".group").evaluateAll((all) => all.filter((e) => e.offsetParent).map((e) => e.dataset.kind));

const checks = {
  async "a group of each kind, with its pictures, names and what would become of them"({ report }) {
    const page = await open(report);
    assert.equal(await page.locator("h1").textContent(), `${GROUPS} groups of duplicates`);
    assert.match(await page.locator(".lead").textContent(), /could go, .*Nothing has been changed\.$/);
    const kinds = {};
    for (const kind of await groups(page)) kinds[kind] = (kinds[kind] ?? 0) + 1;
    assert.deepEqual(kinds, KINDS);
    assert.equal(await page.locator(".group .kept").count(), GROUPS);
    assert.equal(await page.locator(".group.exact .same li").count(), 3, "the same bytes are lines");
    assert.equal(await page.locator(".group .pictures > li").count(), 2 * GROUPS - 1);
    for (const image of await page.locator(".frame img").all()) {
      await image.scrollIntoViewIfNeeded();
      await page.waitForFunction((e) => e.complete && e.naturalWidth > 0, await image.elementHandle());
    }
    await done(page);
  },

  async "each link leads to its file, whatever its name; a hostile name is shown, not run"({ report }) {
    const page = await open(report);
    const links = await page.locator("a.name").evaluateAll((all) => all.map((a) => [a.href, a.textContent]));
    assert.equal(links.length, 2 * GROUPS + 2);
    for (const [href, text] of links) {
      assert.ok(existsSync(fileURLToPath(href)), href);
      assert.ok(fileURLToPath(href).endsWith("/" + text), `${href} is called ${text}`);
    }
    assert.ok(links.some(([, text]) => text === HOSTILE));
    assert.equal(await page.locator('img[src="x"]').count(), 0);
    await done(page);
  },

  async "filters, by mouse and by keys"({ report }) {
    const page = await open(report);
    const kinds = await page.locator(".pick").evaluateAll((all) => all.map((e) => e.id.slice(5)));
    assert.deepEqual(kinds, Object.keys(KINDS));
    await page.locator('nav label[for="pick-crop"]').click();
    assert.ok(!(await groups(page)).includes("crop"));
    assert.equal(await page.locator(".shown").textContent(), `${GROUPS - 1} shown`);
    await page.keyboard.press("1");
    assert.deepEqual((await groups(page)).sort(), ["mirrored", "near", "rotated"]);
    await page.keyboard.press("1");
    await page.locator("#pick-crop").focus();
    await page.keyboard.press("Space");
    assert.equal((await groups(page)).length, GROUPS);
    assert.equal(await page.locator(".shown").textContent(), "");
    for (let i = 1; i <= kinds.length; i++) await page.keyboard.press(String(i));
    assert.deepEqual(await groups(page), []);
    await page.keyboard.press("n"); // nowhere to go
    await done(page);
  },

  async "n and p go from group to group, past those that are hidden"({ report }) {
    const page = await open(report);
    const inHand = () => page.evaluate(() => document.activeElement.id), seen = [];
    for (let i = 0; i < GROUPS; i++) {
      await page.keyboard.press(i % 2 ? "j" : "n");
      seen.push(await inHand());
      const top = await page.locator("#" + seen[i]).evaluate((e) => e.getBoundingClientRect().top);
      assert.ok(top >= 0 && top < 900, `${seen[i]} is in sight`);
    }
    assert.deepEqual(seen, ["g1", "g2", "g3", "g4", "g5"]);
    await page.keyboard.press("n");
    assert.equal(await inHand(), "g5");
    const kind = await page.locator("#g4").getAttribute("data-kind");
    await page.locator(`nav label[for="pick-${kind}"]`).click();
    await page.locator("#g5").focus();
    await page.keyboard.press("p");
    assert.equal(await inHand(), "g3");
    await page.keyboard.press("k");
    assert.equal(await inHand(), "g2");
    await done(page);
  },

  async "without a script the filters work still"({ report }) {
    const page = await open(report, { javaScriptEnabled: false });
    assert.equal(await page.locator(".keys").isVisible(), false);
    assert.equal(await page.locator(".group:visible").count(), GROUPS);
    await page.locator('nav label[for="pick-near"]').click();
    assert.equal(await page.locator(".group.near").isVisible(), false);
    assert.equal(await page.locator(".group:visible").count(), GROUPS - 1);
    await done(page);
  },

  async "what was done is told, and a page of nothing says so"({ applied, none }) {
    let page = await open(applied);
    assert.match(await page.locator(".lead").textContent(), /^1 file dealt with \(move, /);
    assert.match(await page.locator(".fate.goes").first().textContent(), /^moved: /);
    assert.equal(await page.locator(".frame img").first().evaluate((e) => e.complete && e.naturalWidth > 0), true);
    await done(page);
    page = await open(none);
    assert.equal(await page.locator(".none").isVisible(), true);
    for (const key of "np16") await page.keyboard.press(key);
    await done(page);
  },

  async "the policy stops what is not the page's own"({ report }) {
    await policyStopsOthers(await open(report));
  },

  async "a phone needs no sideways scrolling"({ report }) {
    const page = await open(report, { viewport: { width: 320, height: 700 }, isMobile: true, hasTouch: true });
    await suitsFingers(page, "nav label");
    await page.keyboard.press("n");
    await page.keyboard.press("n");
    const [bar, head] = await page.evaluate(() => ["nav", "#g2 .head"].map((s) => document.querySelector(s).getBoundingClientRect()).map((r) => [r.top, r.bottom]));
    assert.ok(head[0] >= bar[1], `the filters end at ${bar[1]}, the group begins at ${head[0]}`);
    await page.locator('nav label[for="pick-exact"]').tap();
    assert.equal((await groups(page)).length, GROUPS - 1);
    await done(page);
  },

  async "paper holds every group"({ report }) {
    const page = await open(report);
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator("nav").isVisible(), false);
    assert.equal(await page.locator(".group:visible").count(), GROUPS);
    const pdf = await page.pdf({ preferCSSPageSize: true });
    assert.ok(pdf.toString("latin1").match(/\/Type \/Page\b(?!s)/g).length <= 4);
    await done(page);
  },

  async "axe finds nothing, light or dark"({ report, applied, none }) {
    const sights = [[report, "light", 1280], [report, "dark", 1280], [report, "dark", 390], [applied, "light", 390], [none, "light", 1280]];
    for (const [url, colorScheme, width] of sights) {
      const page = await open(url, { colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
      await axeFindsNothing(page);
      await page.keyboard.press("1");
      await page.keyboard.press("n");
      await axeFindsNothing(page);
      if (process.env.SCREENSHOTS) {
        await page.keyboard.press("1");
        await page.screenshot({ path: join(process.env.SCREENSHOTS, `dups-${sights.findIndex((s) => s[0] === url)}-${colorScheme}-${width}.png`), fullPage: true });
      }
      await done(page);
    }
  },
};

function makePages() {
  drawPictures();
  mkdirSync(join(folder, "alone"));
  writeFileSync(join(folder, "alone", "p.pgm"), Buffer.concat([Buffer.from("P5 64 64 255\n"), Buffer.alloc(4096, 90)]));
  mkdirSync(join(folder, "two"));
  for (const name of ["a", "b"]) writeFileSync(join(folder, "two", name + ".ppm"), Buffer.concat([Buffer.from("P6 420 320 255\n"), blobs(99)[2]]));
  const report = dups("dups.html");
  const applied = made("applied.html", [0], ["dups", "two", "--html", "applied.html", "--quiet", "--action", "move:away", "--apply", "--yes"]).url;
  const none = made("none.html", [0], ["dups", "alone", "--html", "none.html", "--quiet"]).url;
  return { report, applied, none };
}

await run(checks, makePages, ["--disable-gpu"]);
