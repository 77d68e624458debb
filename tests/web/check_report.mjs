// SPDX-License-Identifier: Apache-2.0
// Opens real reports in Chromium from file:// and uses them: modes, regions, zoom, keys, without a script, on a phone, on paper,
// axe's accessibility rules, and not one message on the console (a breach of the page's own policy would be one).
// usage: node check_report.mjs LIKENESS CHROMIUM SAMPLES; exit status 1 when a check fails.
import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { axeFindsNothing, done, folder, made, open, policyStopsOthers, run, samples, suitsFingers } from "./page.mjs";

const MODES = ["side", "swipe", "onion", "blink", "heat", "difference", "matches"];
const HOSTILE = "<img src=x onerror=alert(1)>'\"&.jpg";

// A report of two files; returns its address.
function report(name, a, b, ...options) {
  return made(name, [0, 1, 3], ["compare", a, b, "--report", join(folder, name), ...options]).url;
}

// A picture of blobs that has nothing to do with the sample, from a fixed seed, with so many squares inverted: 8-bit gray.
function blobs(name, inverted) {
  const file = join(folder, name), width = 400, height = 300;
  const pixels = Buffer.alloc(width * height, 128);
  let seed = 1;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  for (let i = 0; i < 400; i++) {
    const x = random(width - 24), y = random(height - 24), side = 4 + random(20), level = random(256);
    for (let row = y; row < y + side; row++) pixels.fill(level, row * width + x, row * width + x + side);
  }
  for (let i = 0; i < inverted; i++) {
    for (let at = 0; at < 30 * 30; at++) {
      const place = (20 + 90 * i + Math.floor(at / 30)) * width + 50 + 120 * i + (at % 30);
      pixels[place] = 255 - pixels[place];
    }
  }
  writeFileSync(file, Buffer.concat([Buffer.from(`P5 ${width} ${height} 255\n`), pixels]));
  return file;
}

/* The box of the stage, brought to the middle of the window: the mouse reaches what is seen only. */
async function stageInView(page) {
  await page.locator("#stage").evaluate((e) => e.scrollIntoView({ block: "center" }));
  return page.locator("#stage").boundingBox();
}

const shown = (page, selector) => page.locator(selector).evaluateAll((all) => all.map((e) => e.alt));

const checks = {
  async "keys 1 to 7 choose the modes"({ edited }) {
    const page = await open(edited);
    const pictures = { side: 2, swipe: 2, onion: 2, blink: 2, heat: 1, difference: 1, matches: 1 };
    for (const [i, mode] of MODES.entries()) {
      await page.keyboard.press(String(i + 1));
      assert.equal(await page.locator("#stage").getAttribute("data-mode"), mode);
      assert.equal(await page.locator('[role=tab][aria-selected="true"]').getAttribute("id"), "tab-" + mode);
      assert.equal((await shown(page, "#stage img")).length, pictures[mode]);
      assert.equal(await page.locator("#stage .pane").count(), mode === "side" ? 2 : 1);
      const loaded = await page.locator("#stage img").evaluateAll((all) => all.every((e) => e.complete && e.naturalWidth > 0));
      assert.ok(loaded, `${mode}: a picture did not load`);
    }
    await page.locator("#use-keys").evaluate((box) => { box.checked = false; });
    await page.keyboard.press("2");
    assert.equal(await page.locator("#stage").getAttribute("data-mode"), "matches", "shortcuts can be turned off");
    await done(page);
  },

  async "n and p go round the regions"({ several }) {
    const page = await open(several);
    const count = await page.locator(".region-list li").count();
    assert.ok(count >= 3, `${count} regions of 3 squares`);
    for (let i = 0; i < count; i++) {
      await page.keyboard.press("n");
      const current = page.locator('.region-list [aria-current="true"]');
      assert.equal(await current.getAttribute("data-region"), String(i + 1));
      assert.match(await page.locator("#live").textContent(), new RegExp(`^Region ${i + 1} of ${count}`));
    }
    const box = await page.locator("#stage .boxes .current .edge").first().boundingBox();
    const stage = await stageInView(page);
    assert.ok(box.x > stage.x && box.x + box.width < stage.x + stage.width, "the region is in sight");
    assert.ok(box.y > stage.y && box.y + box.height < stage.y + stage.height);
    await page.keyboard.press("p");
    assert.equal(await page.locator('.region-list [aria-current="true"]').getAttribute("data-region"), String(count - 1));
    await page.locator(".region-list a").first().click();
    assert.match(await page.locator("#live").textContent(), /^Region 1 of/);
    await done(page);
  },

  async "panes zoom and move together, to 800 %"({ edited }) {
    const page = await open(edited);
    for (let i = 0; i < 12; i++) await page.keyboard.press("+");
    assert.equal(await page.locator("#zoom").textContent(), "800 %");
    assert.equal(await page.locator("#stage img").first().evaluate((e) => getComputedStyle(e).imageRendering), "pixelated");
    const places = () => page.locator("#stage .layer").evaluateAll((all) =>
      all.map((e) => [e.style.left, e.style.top, e.style.width]));
    let [left, right] = await places();
    assert.deepEqual(left, right);
    const stage = await stageInView(page);
    await page.mouse.move(stage.x + 100, stage.y + 100);
    await page.mouse.down();
    await page.mouse.move(stage.x + 60, stage.y + 80);
    await page.mouse.up();
    const moved = await places();
    assert.deepEqual(moved[0], moved[1]);
    assert.equal(parseFloat(moved[0][0]).toFixed(1), (parseFloat(left[0]) - 40).toFixed(1));
    await page.keyboard.press("0");
    assert.equal(await page.locator("#stage img").first().evaluate((e) => getComputedStyle(e).imageRendering), "auto");
    await done(page);
  },

  async "swipe, onion skin and blink do what they say"({ edited }) {
    const page = await open(edited);
    await page.keyboard.press("2");
    const stage = await stageInView(page);
    await page.mouse.click(stage.x + 0.45 * stage.width, stage.y + 200);
    assert.equal(Math.round(await page.locator("#swipe-at").inputValue()), 45);
    const cut = await page.locator("#stage img").nth(1).evaluate((e) =>
      e.getBoundingClientRect().left + parseFloat(e.style.clipPath.match(/([\d.]+)px\)$/)[1]));
    const divider = await page.locator("#stage .divider").evaluate((e) => e.getBoundingClientRect().left + 1.5);
    const left = await page.locator("#stage .layer").evaluate((e) => e.getBoundingClientRect().left);
    assert.ok(Math.abs(cut - Math.max(divider, left)) < 1, `the photo begins at ${cut}, the divider is at ${divider}`);
    await page.locator("#stage").focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(Math.round(await page.locator("#swipe-at").inputValue()), 47);
    await page.keyboard.press("3");
    await page.locator("#onion-at").fill("30");
    assert.equal(await page.locator("#stage img").nth(1).evaluate((e) => e.style.opacity), "0.3");
    await page.keyboard.press("4");
    await page.locator("#blink-rate").fill("2");
    const visibility = () => page.locator("#stage img").nth(1).evaluate((e) => e.style.visibility);
    const first = await visibility();
    await page.waitForFunction((was) => document.querySelectorAll("#stage img")[1].style.visibility !== was, first, { timeout: 1500 });
    await done(page);
    const calm = await open(edited, { reducedMotion: "reduce" });
    await calm.keyboard.press("4");
    assert.equal(await calm.locator("#blink-run").isDisabled(), true);
    assert.equal(await calm.locator("#blink-run").getAttribute("aria-pressed"), "false");
    await calm.locator("#blink-once").click();
    assert.equal(await calm.locator("#stage img").nth(1).evaluate((e) => e.style.visibility), "hidden");
    await done(calm);
  },

  async "the JSON document is in the page, with its keys"({ edited }) {
    const page = await open(edited);
    const result = JSON.parse(await page.locator("#result").textContent());
    assert.equal(result.schema, "likeness/compare/1");
    assert.deepEqual(Object.keys(result),
      ["schema", "verdict", "score", "reasons", "inputs", "alignment", "aspects", "measures", "regions", "warnings"]);
    for (const input of result.inputs) {
      assert.ok(["path", "sha256", "width", "height", "orientation", "format"].every((key) => key in input));
    }
    assert.equal(result.alignment.homography.length, 9);
    assert.ok(result.inputs[1].path.endsWith(HOSTILE));
    await done(page);
  },

  async "a hostile file name is shown, not run"({ edited }) {
    const page = await open(edited);
    assert.ok((await page.locator(".input .name").nth(1).textContent()).includes(HOSTILE));
    assert.equal(await page.locator('img[src="x"]').count(), 0);
    await done(page);
  },

  async "the policy stops what is not the report's own"({ edited }) {
    await policyStopsOthers(await open(edited));
  },

  async "without a script everything is still there"({ edited }) {
    const page = await open(edited, { javaScriptEnabled: false });
    assert.equal(await page.locator("#viewer").isVisible(), false);
    assert.equal(await page.locator(".figures figure").count(), 5);
    assert.equal(await page.locator(".figures figure").first().isVisible(), true);
    assert.ok(await page.locator(".measures tbody tr").count() >= 3);
    assert.ok(await page.locator(".crop").count() >= 1);
    await done(page);
  },

  async "a pair that shows different things"({ different }) {
    const page = await open(different);
    await page.keyboard.press("n");
    for (const key of "1234567") await page.keyboard.press(key);
    assert.ok(await page.locator("#stage img").count() >= 1);
    await done(page);
  },

  async "a phone needs no sideways scrolling"({ edited, different }) {
    for (const url of [edited, different]) {
      const page = await open(url, { viewport: { width: 320, height: 700 }, isMobile: true, hasTouch: true });
      assert.equal(await page.locator("#stage").getAttribute("data-mode"), "swipe");
      await suitsFingers(page, ".tabs button, .controls button");
      await done(page);
    }
  },

  async "aspects come first, measures stand under them, their pictures last"({ edited }) {
    const page = await open(edited);
    const names = await page.locator(".aspects dt").allTextContents();
    assert.deepEqual(names.slice(0, 2), ["colour", "brightness"]);
    assert.ok((await page.locator(".aspects dd:last-child").allTextContents()).every((t) => t.length > 5));
    const groups = await page.locator(".measures tr.aspect").allTextContents();
    assert.equal(new Set(groups).size, groups.length);
    const sights = page.locator(".sight img");
    for (let i = 0; i < await sights.count(); i++) {
      assert.ok(await sights.nth(i).evaluate((e) => e.complete && e.naturalWidth > 0));
      assert.ok((await sights.nth(i).getAttribute("alt")).length > 5);
    }
    await done(page);
  },

  async "paper shows the pictures side by side"({ edited }) {
    const page = await open(edited);
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator("#viewer").isVisible(), false);
    assert.equal(await page.locator(".figures figure").first().isVisible(), true);
    const pdf = await page.pdf({ preferCSSPageSize: true });
    const pages = pdf.toString("latin1").match(/\/Type \/Page\b(?!s)/g).length;
    assert.ok(pages <= 7, `${pages} pages`);
    await done(page);
  },

  async "axe finds nothing, light or dark"({ edited, different }) {
    for (const [url, colorScheme, width] of [[edited, "light", 1280], [edited, "dark", 390], [different, "dark", 1280]]) {
      const page = await open(url, { colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
      for (const key of "1245") {
        await page.keyboard.press(key);
        await axeFindsNothing(page);
      }
      await done(page);
    }
  },
};

function makePages() {
  const photo = join(folder, HOSTILE);
  copyFileSync(join(samples, "photo.jpg"), photo);
  return {
    edited: report("edited.html", join(samples, "original.png"), photo, "--measures", "all"),
    several: report("several.html", blobs("whole.pgm", 0), blobs("changed.pgm", 3)),
    different: report("different.html", join(samples, "original.png"), blobs("other.pgm", 0)),
  };
}

await run(checks, makePages, ["--disable-gpu"]);
