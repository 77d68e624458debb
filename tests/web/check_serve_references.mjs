// SPDX-License-Identifier: Apache-2.0
// The pages of references of the real service in Chromium: one is added with areas to leave out, searched for, changed, compared by its
// versions and taken out of use; by pointer, by finger and by keys alone; axe, and no breach of the policy.
import assert from "node:assert/strict";
import { run } from "./page.mjs";
import { ask, endService, openPage, sample, suitsEverybody } from "./service.mjs";

const API = "api/v1/references";
const loaded = (page) => page.waitForFunction(() => [...document.images].filter((i) => i.offsetParent && i.src)
  .map((i) => Object.assign(i, { loading: "eager" })).every((i) => i.complete && i.naturalWidth > 0));
const get = async (path) => (await ask("GET", path)).body;
const ready = async (page) => {
  await page.waitForSelector("#whole:not([hidden])");
  await loaded(page);
};

// Where a share of the picture lies on the screen.
async function place(page) {
  await page.locator(".mask-stage").scrollIntoViewIfNeeded();
  const box = await page.locator(".mask-stage").boundingBox();
  return (x, y) => [box.x + x * box.width, box.y + y * box.height];
}

const checks = {
  async addsOneWithAMask() {
    const page = await openPage("references");
    await page.waitForFunction(() => document.getElementById("summary").textContent === "No reference fits.");
    await page.click("#add");
    assert.ok(await page.isDisabled("#save"));
    await page.setInputFiles("#file", sample("original.png"));
    await page.waitForSelector("#save:enabled");
    await loaded(page);
    assert.match(await page.textContent("#quality"), /Is this a good reference\?.*[1-5] of 5 stars/);
    assert.equal(await page.inputValue("#id"), "original");
    await page.fill("#id", "tea-50g");
    await page.fill("#name", "Mountain herbs, 50 g");
    await page.fill("#tags", "tea, box");
    await page.click(".mask [data-tool=rectangle]");
    const at = await place(page);
    await page.mouse.move(...at(0.05, 0.9));
    await page.mouse.down();
    await page.mouse.move(...at(0.35, 0.95), { steps: 5 });
    await page.mouse.up();
    await page.click("#save");
    await page.waitForURL(/references\/tea-50g$/);
    await ready(page);
    const stored = await get(`${API}/tea-50g`);
    assert.deepEqual([stored.version, stored.name, stored.tags], [1, "Mountain herbs, 50 g", ["box", "tea"]]);
    const [x, y, w, h] = stored.ignore[0].text.split(",").map((v) => Number(v.replace("%", "")));
    assert.ok(stored.ignore.length === 1 && Math.abs(x - 5) < 1 && Math.abs(y - 90) < 1 && Math.abs(w - 30) < 1 && Math.abs(h - 5) < 1, stored.ignore[0].text);
    assert.equal(await page.locator(".mask-layer [data-area]").count(), 1);
    await page.finish();
  },
  async drawsByFinger() {
    const page = await openPage("references/tea-50g", { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    await ready(page);
    await page.tap(".mask [data-tool=polygon]");
    const at = await place(page);
    for (const point of [[0.6, 0.1], [0.9, 0.1], [0.75, 0.3]]) await page.touchscreen.tap(...at(...point));
    await page.touchscreen.tap(...at(0.6, 0.1));
    assert.equal(await page.locator(".mask-layer [data-area]").count(), 2);
    await page.fill("#mask-note", "the stamp");
    await page.tap("#save-mask");
    await page.waitForFunction(() => document.getElementById("mask-said").textContent === "Saved as version 2.");
    const stored = await get(`${API}/tea-50g`);
    assert.deepEqual([stored.version, stored.ignore.length, stored.note, stored.ignore[1].points.length], [2, 2, "the stamp", 6]);
    await page.finish();
  },
  async editsAreasByMouse() {
    const page = await openPage("references/tea-50g");
    await ready(page);
    const at = await place(page);
    await page.mouse.move(...at(0.2, 0.92));
    await page.mouse.down();
    await page.mouse.move(...at(0.3, 0.82), { steps: 5 });
    await page.mouse.up();
    assert.match(await page.getAttribute("[data-area='0']", "aria-label"), /rectangle: 1[45].*%,(79|80)/);
    await page.mouse.move(...at(0.1504, 0.8));
    const knob = await page.locator("[data-area='0'] [data-corner='2']").boundingBox();
    await page.mouse.move(knob.x + knob.width / 2, knob.y + knob.height / 2);
    await page.mouse.down();
    await page.mouse.move(...at(0.6, 0.9), { steps: 5 });
    await page.mouse.up();
    assert.match(await page.getAttribute("[data-area='0']", "aria-label"), /,(44|45|46)[.\d]*%,(9|10|11)[.\d]*%$/);
    await page.click("text=Undo");
    await page.click("text=Undo");
    assert.match(await page.getAttribute("[data-area='0']", "aria-label"), /rectangle: [45][.\d]*%,(89|90)/);
    await page.fill("[aria-label='area 2, corners as x,y in per cent']", "10,10 20");
    await page.press("[aria-label='area 2, corners as x,y in per cent']", "Enter");
    assert.match(await page.textContent(".mask [role=status]"), /three or more/);
    await page.finish();
  },
  async worksByKeysAlone() {
    const page = await openPage("references");
    await page.waitForSelector(".picture-card");
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute("aria-label") || document.activeElement.textContent);
    const tabTo = async (wanted) => {
      for (let i = 0; i < 100; i++) {
        await page.keyboard.press("Tab");
        if (wanted.test(await focused())) return;
      }
      assert.fail(`no way to ${wanted} by Tab`);
    };
    await tabTo(/^add$/);
    await page.keyboard.press("Enter");
    assert.equal(await focused(), "wizard-title");
    const chooser = page.waitForEvent("filechooser");
    await tabTo(/^file$/);
    await page.keyboard.press("Enter");
    await (await chooser).setFiles(sample("photo.jpg"));
    await page.waitForSelector("#save:enabled");
    await tabTo(/^id$/);
    await page.keyboard.press("Control+a");
    await page.keyboard.type("by-keys");
    await tabTo(/^Add in the middle$/);
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowUp");
    await tabTo(/^area 1, left, per cent$/);
    await page.keyboard.press("Control+a");
    await page.keyboard.type("12.5");
    await tabTo(/^save$/);
    await page.keyboard.press("Enter");
    await page.waitForURL(/references\/by-keys$/);
    assert.equal((await get(`${API}/by-keys`)).ignore[0].text, "12.5%,39%,20%,20%");
    await page.finish();
  },
  async findsThem() {
    const page = await openPage("references");
    await page.waitForSelector(".picture-card");
    assert.equal(await page.locator(".picture-card").count(), 2);
    await page.fill("#q", "herbs");
    await page.press("#q", "Enter");
    await page.waitForFunction(() => document.getElementById("summary").textContent === "1 reference.");
    assert.match(page.url(), /#q=herbs$/);
    await page.fill("#q", "");
    await page.click(".picture-card .tag >> text=box");
    await page.waitForFunction(() => document.querySelectorAll(".picture-card").length === 1);
    await page.click("[data-shape=list]");
    assert.equal(await page.locator("#found tbody tr").count(), 1);
    await page.finish();
  },
  async changesAndComparesVersions() {
    const page = await openPage("references/tea-50g");
    await ready(page);
    await page.setInputFiles("#file", sample("photo.jpg"));
    await page.fill("#name", "Herbs <i>40 g</i>");
    await page.fill("#note", "new weight");
    await page.click("#change button");
    await page.waitForFunction(() => document.getElementById("change-said").textContent === "Saved as version 3.");
    assert.equal(await page.textContent("#title"), "Herbs <i>40 g</i>");
    assert.equal(await page.locator("#versions tr").count(), 3);
    assert.equal(await page.getAttribute("#versions tr:last-child a", "href"), "/compare?a=reference%3Atea-50g%401&b=reference%3Atea-50g%403");
    // Somebody else changes it meanwhile.
    const { headers } = await ask("GET", `${API}/tea-50g`);
    await ask("PATCH", `${API}/tea-50g`, { name: "Herbs" }, { "If-Match": headers.get("ETag") });
    await page.fill("#name", "Late");
    await page.click("#change button");
    await page.waitForFunction(() => /load this page again/.test(document.getElementById("change-said").textContent));
    page.messages = page.messages.filter((message) => !/412/.test(message));
    assert.equal((await get(`${API}/tea-50g`)).name, "Herbs");
    await page.finish();
  },
  async takesOneOutOfUse() {
    const page = await openPage("references/by-keys");
    await ready(page);
    await page.fill("#retire-note", "sold out");
    await page.click("#retire button");
    await page.waitForSelector("#retired:not([hidden])");
    assert.equal((await get(`${API}/by-keys`)).removed, true);
    assert.deepEqual((await get(API)).references.map((r) => r.id), ["tea-50g"]);
    await page.finish();
  },
  async saysWhatIsWrong() {
    const page = await openPage("references");
    await page.click("#add");
    await page.setInputFiles("#file", { name: "text.png", mimeType: "image/png", buffer: Buffer.from("no picture at all") });
    await page.waitForFunction(() => /not a JPEG, PNG or WebP/.test(document.getElementById("said").textContent));
    assert.ok(await page.isDisabled("#save"));
    await page.goto(page.url().replace(/references.*/, "references/never"));
    await page.waitForSelector("#problem:not([hidden])");
    await page.context().close();
  },
  async suitsAxeAndPhones() {
    const tea = await ask("POST", "api/v1/images?name=tea.png", new Uint8Array((await import("node:fs")).readFileSync(sample("original.png"))));
    for (const [id, name] of [["herbs-100g", "Mountain herbs, 100 g"], ["herbs-gift", "Mountain herbs, gift box"], ["tea-50g", "Mountain herbs, 50 g"]]) {
      await ask("POST", API, { id, name, image: tea.body.id, tags: ["tea", "box"], ignore: ["60%,88%,30%,6%"] });
    }
    await suitsEverybody("references", "references", async (page) => {
      await page.waitForFunction(() => document.querySelectorAll(".picture-card").length === 3);
      await loaded(page);
    });
    await suitsEverybody("references", "reference-new", async (page) => {
      await page.click("#add");
      await page.setInputFiles("#file", sample("original.png"));
      await page.waitForSelector("#save:enabled");
      await page.click("text=Add in the middle");
      await loaded(page);
    });
    await suitsEverybody("references/tea-50g", "reference", ready);
  },
};

await run(checks, () => null, []);
await endService();
