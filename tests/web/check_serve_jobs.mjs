// SPDX-License-Identifier: Apache-2.0
// Pages of long work in Chromium, on the real service: duplicates found and looked through, a training watched and stopped, jobs listed.
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { made, folder, run, samples } from "./page.mjs";

const pictures = join(folder, "pictures");
mkdirSync(pictures);
for (const [from, to] of [["original.png", "original.png"], ["original.png", "again.png"], ["photo.jpg", "photo.jpg"]]) copyFileSync(join(samples, from), join(pictures, to));
for (let seed = 1; seed <= 8; seed++) made("pictures", [0], ["simulate", join(samples, "original.png"), "--out", join(pictures, `view-${seed}.jpg`), "--seed", String(seed), "--difficulty", "0.2"]);
process.env.LIKENESS_SERVE_OPTIONS = `--collection pics=${pictures}`;
const { ask, endService, openPage, suitsEverybody, tabTo, url } = await import("./service.mjs");
const PATIENCE = { timeout: 120000 };

async function begun(kind, settings) {
  const { status, body } = await ask("POST", "api/v1/" + kind, { collection: "pics", ...settings });
  assert.equal(status, 202);
  return body.id;
}

async function ended(id) {
  for (;;) {
    const { body } = await ask("GET", `api/v1/jobs/${id}`);
    if (!["queued", "running"].includes(body.state)) return body;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const shownGroups = (page) => page.waitForFunction(() => document.querySelectorAll(".group").length > 0, null, PATIENCE);
const shownCurve = (page) => page.waitForSelector("#loss .curve", PATIENCE);

const checks = {
  async findsDuplicates() {
    const page = await openPage("duplicates");
    await page.waitForSelector("#collection option", { state: "attached" });
    await page.click("#form button");
    await shownGroups(page);
    assert.match(await page.textContent("#summary"), /groups? among 11 pictures/);
    assert.equal(await page.evaluate(() => document.activeElement.id), "summary");
    await page.waitForFunction(() => [...document.querySelectorAll(".members img")].every((i) => i.complete && i.naturalWidth > 0));
    const before = await page.textContent("#plan");
    await page.locator(".group input[type=radio]").nth(1).check();
    assert.notEqual(await page.textContent("#plan"), before);
    assert.match(await page.textContent("#command"), /^likeness dups FOLDER_OF_pics --keep best .*--apply$/);
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press("n");
    assert.ok(await page.evaluate(() => document.activeElement.matches(".group")));
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#list")]);
    assert.equal(download.suggestedFilename(), "pics-duplicates.txt");
    await page.finish();
  },
  async watchesAndStopsATraining() {
    const page = await openPage("training");
    await page.waitForSelector("#collection option", { state: "attached" });
    await page.fill("#epochs", "2000");
    await page.fill("#size", "32");
    await page.fill("#batch", "8");
    await page.click("#form button");
    await shownCurve(page);
    await page.waitForFunction(() => document.querySelectorAll("#rows tr").length > 2, null, PATIENCE);
    await page.focus("#cancel");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => /cancelled/.test(document.getElementById("status").textContent), null, PATIENCE);
    await page.finish();
  },
  async listsJobs() {
    const page = await openPage("jobs");
    await page.waitForSelector("#jobs li");
    const before = await page.locator("#jobs > li").count();
    await page.click("#index-form button");
    await page.waitForFunction((n) => document.querySelectorAll("#jobs > li").length > n, before);
    await page.waitForFunction(() => /done/.test(document.querySelector("#jobs li p").textContent), null, PATIENCE);
    await page.locator("#jobs > li details summary").first().click();
    await page.waitForSelector("#jobs .log li");
    await page.finish();
  },
  async beginsAndCancelsByKeysAlone() {
    const page = await openPage("jobs");
    await page.waitForSelector("#jobs li");
    await tabTo(page, "#keypoints");
    await page.keyboard.press("Space");
    await tabTo(page, "#index-form button", "Tab", 1);
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => /done/.test(document.querySelector("#jobs li p").textContent), null, PATIENCE);
    const id = await begun("trainings", { kind: "contrastive", labels: "none", size: 32, batch: 8, epochs: 5000 });
    await page.waitForFunction((n) => new RegExp(`Job ${n} runs`).test(document.querySelector("#jobs li p").textContent), id, PATIENCE);
    await tabTo(page, "#jobs button");
    const told = () => page.textContent("#jobs li .hint").catch(() => "");
    const before = await told();
    for (let i = 0; i < 100 && await told() === before; i++) await page.waitForTimeout(100);
    assert.notEqual(await told(), before, "it goes on");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), `Cancel job ${id}`, "news let nobody lose his place");
    await page.keyboard.press("Enter");
    await page.waitForFunction((n) => new RegExp(`Job ${n} cancelled`).test(document.querySelector("#jobs li p").textContent), id, PATIENCE);
    assert.ok(await page.evaluate(() => document.querySelector("#jobs li").contains(document.activeElement)), "the place is kept when the button goes");
    await tabTo(page, "#jobs summary", "Tab", 3);
    await page.keyboard.press("Enter");
    await page.waitForSelector("#jobs .log li");
    await page.finish();
  },
  async suitsAxeAndPhones() {
    const dups = await begun("duplicates", {}), training = await begun("trainings", { kind: "contrastive", labels: "none", size: 32, batch: 8, epochs: 12 });
    assert.equal((await ended(dups)).state, "done");
    assert.equal((await ended(training)).state, "done");
    await suitsEverybody(`duplicates#${dups}`, "duplicates", shownGroups);
    await suitsEverybody(`training#${training}`, "training", shownCurve);
    await suitsEverybody("jobs", "jobs", (page) => page.waitForSelector("#jobs li"));
  },
};

await run(checks, () => url, []);
await endService();
