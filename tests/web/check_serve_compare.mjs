// SPDX-License-Identifier: Apache-2.0
// The compare page of the real service in Chromium: two pictures chosen, dropped, looked at in seven ways by pointer and by keys,
// areas left out, saved and downloaded; axe, and no breach of its policy.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { run } from "./page.mjs";
import { ask, endService, openPage, sample, suitsEverybody, url } from "./service.mjs";

const MODES = ["side", "swipe", "onion", "blink", "heat", "map", "matches"];

const loaded = (page) => page.waitForFunction(() => [...document.querySelectorAll("likeness-viewer .layer img")].every((i) => i.complete && i.naturalWidth > 0));
const zoom = (page) => page.locator("likeness-viewer .group output").textContent().then((text) => Number.parseInt(text, 10));
const layers = (page) => page.locator("likeness-viewer .layer").evaluateAll((all) => all.map((e) => e.style.cssText));

async function compare(page) {
  await page.setInputFiles("#file-a", sample("original.png"));
  await page.setInputFiles("#file-b", sample("photo.jpg"));
  await page.click("#compare");
  await page.waitForSelector("#result:not([hidden])", { timeout: 60000 });
  await page.waitForFunction(() => document.activeElement.id === "verdict");
  await loaded(page);
}

const checks = {
  async compares() {
    const page = await openPage("compare");
    await compare(page);
    assert.match(await page.textContent("#verdict"), /^SAME/);
    const regions = await page.locator(".region-list li").count();
    assert.ok(regions > 0);
    assert.equal(await page.locator(".pane:first-child [data-region]").count(), regions);
    assert.deepEqual(await page.locator("#ways h3").allTextContents(), ["Pixel", "Features", "Structure", "Perception", "Embedding", "Classification"]);
    assert.match(await page.textContent("#curl"), /"measures":"all"/);
    await page.finish();
  },
  async hasSevenWays() {
    const page = await openPage("compare");
    await compare(page);
    for (const [i, mode] of MODES.entries()) {
      await page.keyboard.press(String(i + 1));
      assert.equal(await page.getAttribute(".stage", "data-mode"), mode);
      assert.equal(await page.getAttribute(`[role=tab][data-mode=${mode}]`, "aria-selected"), "true");
      await loaded(page);
    }
    await page.click("[role=tab][data-mode=swipe]");
    await page.focus(".controls [data-for=swipe] input");
    await page.keyboard.press("Home");
    assert.equal(await page.locator(".layer img").nth(1).evaluate((e) => e.style.clipPath), "inset(0px)");
    await page.keyboard.press("3");
    assert.equal(await page.locator(".layer img").nth(1).evaluate((e) => e.style.opacity), "0.5");
    await page.finish();
  },
  async zoomsBothAlike() {
    const page = await openPage("compare");
    await compare(page);
    const fitted = await zoom(page), box = await page.locator(".stage").boundingBox();
    await page.keyboard.press("n");
    assert.ok(await zoom(page) > fitted);
    assert.equal(await page.locator(".region-list [aria-current=true]").count(), 1);
    assert.equal(await page.locator(".pane:first-child .current").count(), 1);
    for (let i = 0; i < 8; i++) await page.keyboard.press("+");
    assert.equal(await zoom(page), 800);
    assert.ok(await page.evaluate(() => document.querySelector(".stage").classList.contains("pixels")));
    const [a, b] = await layers(page);
    assert.equal(a, b);
    await page.mouse.move(box.x + 100, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + 160, box.y + 130, { steps: 4 });
    await page.mouse.up();
    const moved = await layers(page);
    assert.notEqual(moved[0], a);
    assert.equal(moved[0], moved[1]);
    await page.keyboard.press("0");
    assert.equal(await zoom(page), fitted);
    await page.focus(".stage");
    await page.mouse.wheel(0, -300);
    assert.ok(await zoom(page) > fitted);
    await page.mouse.move(box.x + 120, box.y + 100);
    assert.match(await page.textContent(".read-out"), /^\d+, \d+: reference \d+ \d+ \d+, photo \d+ \d+ \d+$/);
    await page.finish();
  },
  async showsThePhotoAsItCame() {
    const page = await openPage("compare");
    await compare(page);
    await page.keyboard.press("o");
    await loaded(page);
    assert.match(await page.getAttribute(".pane:nth-child(2) img", "src"), /\/photo$/);
    await page.keyboard.press("n");
    // The middle of what is seen is the same place in both: the middle of the region's outline.
    const off = await page.evaluate(() => {
      const middle = (box) => [box.x + box.width / 2, box.y + box.height / 2];
      const pane = middle(document.querySelector(".pane:nth-child(2)").getBoundingClientRect());
      const seen = middle(document.querySelector(".pane:nth-child(2) polygon.edge").getBoundingClientRect());
      return Math.hypot(pane[0] - seen[0], pane[1] - seen[1]);
    });
    assert.ok(off < 12, `${off} px off`);
    await page.finish();
  },
  async blinksSlowlyOrNotAtAll() {
    const calm = await openPage("compare", { reducedMotion: "reduce" });
    await compare(calm);
    await calm.keyboard.press("4");
    assert.ok(await calm.locator("[data-for=blink] button").first().isDisabled());
    const hidden = () => calm.locator(".layer img").nth(1).evaluate((e) => e.style.visibility);
    assert.equal(await hidden(), "");
    await calm.focus(".stage");
    await calm.keyboard.press(" ");
    assert.equal(await hidden(), "hidden");
    await calm.finish();
    const page = await openPage("compare");
    await compare(page);
    await page.keyboard.press("4");
    assert.equal(await page.getAttribute("[data-for=blink] input", "max"), "2");
    await page.waitForFunction(() => document.querySelectorAll(".layer img")[1].style.visibility === "hidden");
    await page.finish();
  },
  async leavesAreasOut() {
    const page = await openPage("compare");
    await compare(page);
    const before = await page.locator(".region-list li").count();
    const pane = await page.locator(".pane:first-child").boundingBox();
    const edge = await page.locator(".pane:first-child .edge").first().boundingBox();
    await page.click(".areas button");
    await page.mouse.move(edge.x - 30, edge.y - 30);
    await page.mouse.down();
    await page.mouse.move(edge.x + edge.width + 30, Math.min(edge.y + edge.height + 30, pane.y + pane.height), { steps: 5 });
    await page.mouse.up();
    assert.equal(await page.locator(".pane:first-child .left-out").count(), 1);
    await page.click("#again");
    await page.waitForFunction((n) => document.querySelectorAll(".region-list li").length < n, before, { timeout: 60000 });
    assert.equal(await page.locator(".area-list li").count(), 1);
    assert.match(await page.textContent("#curl"), /"ignore":\["\d+,\d+,\d+,\d+"\]/);
    await page.finish();
  },
  async isSharedSavedAndTakenAlong() {
    const page = await openPage("compare");
    await compare(page);
    const address = page.url().slice(url.length);
    assert.match(address, /^compare\?id=[0-9a-f]{64}$/);
    const other = await openPage(address, { ready: "#result:not([hidden])" });
    assert.match(await other.textContent("#verdict"), /^SAME/);
    await other.finish();
    for (const [id, holds] of [["#json", /^{"schema":"likeness\/compare\/1"/], ["#report", /<!doctype html>[^]*SAME|<!doctype html>[^]*Same/]]) {
      const [download] = await Promise.all([page.waitForEvent("download"), page.click(id)]);
      assert.match(readFileSync(await download.path(), "utf8"), holds);
    }
    await page.click("#save");
    await page.fill("#ref-id", "tea");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => /Saved as tea@1/.test(document.getElementById("status").textContent), null, { timeout: 60000 });
    assert.equal((await ask("GET", "api/v1/references/tea")).body.id, "tea");
    await page.finish();
    const gone = await open404();
    assert.match(await gone.textContent("#status"), /no longer kept/);
    await gone.context().close();
  },
  async worksWithoutAPointer() {
    const page = await openPage("compare");
    page.on("filechooser", () => {}); // from here on, so that none opens before it is waited for
    for (const [id, file] of [["file-a", "original.png"], ["file-b", "photo.jpg"]]) {
      await tabTo(page, id);
      const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Enter")]);
      await chooser.setFiles(sample(file));
    }
    await tabTo(page, "compare");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement.id === "verdict", null, { timeout: 60000 });
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.dataset.mode), "side");
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.getAttribute(".stage", "data-mode"), "swipe");
    await page.keyboard.press("?");
    assert.ok(await page.isVisible("dialog[open] h2"));
    await page.keyboard.press("Escape");
    await page.keyboard.press("n");
    assert.match(await page.textContent(".live"), /^Region 1 of/);
    await tabTo(page, "", ".leave");
    await page.keyboard.press("Enter");
    assert.ok(await page.isVisible("#again"));
    await page.finish();
  },
  async takesDrops() {
    const page = await openPage("compare");
    await page.evaluate(async () => {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 200;
      const pen = canvas.getContext("2d");
      for (let i = 0; i < 60; i++) pen.fillRect((i * 67) % 190, (i * 37) % 190, 9, 7);
      const blob = () => new Promise((resolve) => canvas.toBlob(resolve));
      const data = new DataTransfer();
      data.items.add(new File([await blob()], "one <b>.png"));
      pen.fillRect(150, 150, 2, 2); // the same bytes would be one picture
      data.items.add(new File([await blob()], "two.png"));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    });
    await page.waitForSelector("#result:not([hidden])", { timeout: 60000 });
    assert.match(await page.textContent("#verdict"), /^SAME/);
    assert.match(await page.textContent("#inputs"), /one <b>\.png/);
    await page.waitForTimeout(300);
    await page.finish();
  },
  async saysWhatIsWrong() {
    const page = await openPage("compare");
    const text = { name: "text.png", mimeType: "image/png", buffer: Buffer.from("no picture at all") };
    await page.setInputFiles("#file-a", text);
    await page.setInputFiles("#file-b", text);
    await page.click("#compare");
    await page.waitForFunction(() => /not a JPEG, PNG or WebP/.test(document.getElementById("status").textContent), null, { timeout: 60000 });
    await page.context().close();
  },
  async suitsAxeAndPhones() {
    await suitsEverybody("compare", "compare", compare);
  },
};

async function open404() {
  const page = await openPage("compare?id=" + "0".repeat(64));
  await page.waitForFunction(() => document.getElementById("status").textContent);
  return page;
}

// Presses Tab until the element with the id, or one that fits the selector, has the focus.
async function tabTo(page, id, selector = `#${id}`) {
  for (let i = 0; i < 80; i++) {
    if (await page.evaluate((s) => document.activeElement.matches(s), selector)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not come to ${selector}`);
}

await run(checks, () => url, []);
await endService();
