// SPDX-License-Identifier: Apache-2.0
// The start page, the audit log and the login of the real service in Chromium: pictures that are dropped begin, results are remembered
// in the tab, the chain is shown as it is; axe, and no breach of the pages' policy.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { axeFindsNothing, folder, run } from "./page.mjs";
import { ask, endService, openPage, sample, startService, suitsEverybody, tabTo } from "./service.mjs";

for (const id of ["one", "two", "three"]) {
  const { body } = await ask("POST", "api/v1/images?name=original.png", readFileSync(sample("original.png")));
  await ask("POST", "api/v1/references", { id, image: body.id, note: `the original <${id}>` });
}

const drop = (page, names) => page.evaluate(async (files) => {
  const data = new DataTransfer();
  for (const [name, bytes] of files) data.items.add(new File([new Uint8Array(bytes)], name));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}, names.map((name) => [name, [...readFileSync(sample(name))]]));

const checks = {
  async showsEveryPage() {
    const page = await openPage("");
    const cards = await page.locator("#cards a").allTextContents(), links = await page.locator("nav a").allTextContents();
    assert.deepEqual(cards, links);
    assert.ok(cards.includes("Compare") && cards.includes("Verify"));
    await page.waitForFunction(() => /is ready: likeness \d/.test(document.getElementById("health").textContent));
    await page.finish();
  },
  async comparesTwoAndRemembers() {
    const page = await openPage("");
    await drop(page, ["original.png", "photo.jpg"]);
    await page.waitForURL(/compare\?id=/, { timeout: 60000 });
    await page.waitForSelector("#result:not([hidden])", { timeout: 60000 });
    await page.waitForTimeout(300);
    await page.click(".brand");
    await page.waitForSelector("#last a");
    assert.match(await page.textContent("#last"), /SAMEoriginal\.png and photo\.jpgcompared/);
    await page.keyboard.press("Tab");
    await page.click("#last a");
    await page.waitForSelector("#result:not([hidden])");
    await page.waitForTimeout(300);
    await page.finish();
  },
  async asksWhatToDoWithOne() {
    const page = await openPage("");
    await drop(page, ["photo.jpg"]);
    assert.ok(await page.isVisible("#ask[open]"));
    await page.keyboard.press("Enter"); // the first button has the focus: verify
    await page.waitForURL(/verify\?photo=/, { timeout: 60000 });
    assert.equal(await page.textContent("#name"), "photo.jpg");
    assert.ok(await page.isEnabled("#verify"));
    await page.waitForSelector("input[value=one]");
    await page.waitForTimeout(300);
    await page.finish();
  },
  async showsTheLog() {
    const page = await openPage("audit");
    await page.waitForSelector("#entries li");
    await page.waitForFunction(() => /whole: all 4 entries/.test(document.getElementById("chain").textContent));
    assert.match(await page.textContent("#entries li"), /ref\.add three.*the original <three>/);
    const { body } = await ask("GET", "api/v1/audit/head");
    assert.ok((await page.textContent("#head")).includes(body.head.hash));
    await page.fill("#subject", "two");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelectorAll("#entries > li").length === 1);
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
    assert.equal(JSON.parse(readFileSync(await download.path(), "utf8")).entries[0].subject, "two");
    await page.finish();
  },
  async beginsByKeysAlone() {
    const page = await openPage("");
    const chooser = page.waitForEvent("filechooser");
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() => document.activeElement.matches(".skip")), "the way round the links comes first");
    await page.keyboard.press("Enter");
    await tabTo(page, "#files", "Tab", 2);
    await page.keyboard.press("Enter");
    await (await chooser).setFiles(sample("photo.jpg"));
    await page.waitForSelector("#ask[open]");
    assert.ok(await page.evaluate(() => document.activeElement.matches("#ask button")), "the question has the focus");
    await tabTo(page, "#do-nothing", "Tab", 3);
    await page.keyboard.press("Escape");
    assert.equal(await page.isVisible("#ask"), false);
    assert.equal(await page.evaluate(() => document.activeElement.id), "files", "back to where one was");
    const again = page.waitForEvent("filechooser");
    await tabTo(page, "#cards a");
    await tabTo(page, "#files", "Shift+Tab", 2);
    await page.keyboard.press("Enter");
    await (await again).setFiles([sample("original.png"), sample("photo.jpg")]);
    await page.waitForURL(/compare\?id=/, { timeout: 60000 });
    await page.waitForSelector("#result:not([hidden])", { timeout: 60000 });
    await tabTo(page, ".brand", "Shift+Tab");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#last a");
    await tabTo(page, "#last a");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#result:not([hidden])");
    await page.waitForTimeout(300);
    await page.finish();
  },
  async readsTheLogByKeysAlone() {
    const page = await openPage("audit");
    await page.waitForSelector("#entries li");
    await tabTo(page, "#kind");
    await page.keyboard.type("ref.add");
    await tabTo(page, "#subject", "Tab", 1);
    await page.keyboard.type("one");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelectorAll("#entries > li").length === 1);
    await tabTo(page, "#entries summary", "Tab", 3);
    await page.keyboard.press("Enter");
    assert.ok(await page.isVisible("#entries pre"));
    await tabTo(page, "#entries pre", "Tab", 1); // that can be scrolled
    await tabTo(page, "#download", "Tab", 3);
    const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
    assert.deepEqual(JSON.parse(readFileSync(await download.path(), "utf8")).entries.map((e) => [e.kind, e.subject]), [["ref.add", "one"]]);
    await page.finish();
  },
  async wantsALogin() {
    const locked = await startService("locked", "--auth", "token");
    const page = await openPage("audit", { bypassCSP: true }, locked);
    await page.waitForURL(/login\?to=%2Faudit$/);
    await axeFindsNothing(page);
    await page.fill("#token", "lk_of-nobody");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#status:not([hidden])");
    await page.fill("#token", readFileSync(join(folder, "locked", "first-token"), "utf8").trim());
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/audit$/);
    await page.waitForSelector("#entries li");
    await page.waitForSelector(".session button");
    await page.click(".session button");
    await page.waitForURL(/login$/);
    page.messages = page.messages.filter((message) => !/status of 401/.test(message));
    await page.finish();
  },
  async suitsAxeAndPhones() {
    await suitsEverybody("", "start", (page) => page.waitForFunction(() => /ready/.test(document.getElementById("health").textContent)));
    await suitsEverybody("audit", "audit", (page) => page.waitForSelector("#entries li"));
  },
};

await run(checks, () => "", []);
await endService();
