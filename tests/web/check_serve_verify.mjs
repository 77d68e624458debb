// SPDX-License-Identifier: Apache-2.0
// Verify a photo against a stored original and print the verdict, in Chromium on the real service: by pointer, by keys alone, with the
// original searched for; decisions; the list of verdicts; axe, and no breach of the pages' policy.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { run } from "./page.mjs";
import { ask, endService, openPage, sample, suitsEverybody } from "./service.mjs";

const { body: original } = await ask("POST", "api/v1/images?name=original.png", readFileSync(sample("original.png")));
await ask("POST", "api/v1/references", { id: "tea", image: original.id, name: "Mountain herbs, 50 g", tags: ["box"] });

const loaded = (page) => page.waitForFunction(() => [...document.querySelectorAll("likeness-viewer .layer img")].every((i) => i.complete && i.naturalWidth > 0));
const settled = async (page) => {
  await page.waitForURL(/verifications\/\d+$/, { timeout: 60000 });
  await page.waitForFunction(() => /whole/.test(document.getElementById("trail").textContent) && document.getElementById("rates").textContent, null, { timeout: 60000 });
  await loaded(page);
};

async function verify(page, reference = "tea") {
  await page.waitForSelector("input[value=tea]");
  await page.check(`input[name=reference][value="${reference}"]`);
  await page.setInputFiles("#file", sample("photo.jpg"));
  await page.click("#verify");
  await settled(page);
}

const checks = {
  async verifiesAndPrints() {
    const page = await openPage("verify");
    assert.equal(await page.getAttribute("#camera", "capture"), "environment");
    await verify(page);
    assert.equal(await page.textContent("#verdict"), "SAME, ALTERED");
    assert.match(await page.textContent("#meaning"), /one place differs/);
    assert.match(await page.textContent("#next"), /What to do next/);
    assert.match(await page.textContent("#rates"), /wrongly said same of 0\.33 % of 615 pairs/);
    assert.equal(await page.locator(".crop").count(), 1);
    assert.equal(await page.locator(".crop image").count(), 3);
    const { body } = await ask("GET", `api/v1/verifications/${page.url().split("/").pop()}`);
    const trail = await page.textContent("#trail"), identity = await page.textContent("#identity");
    for (const hash of [body.log.hash, body.log.prev]) assert.ok(trail.includes(hash));
    for (const text of [body.photo_sha256, body.record.policy_sha256, "tea, version 1", "likeness "]) assert.ok(identity.includes(text), text);
    const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
    assert.equal(pdf.toString("latin1").match(/\/Type\s*\/Page\b(?!s)/g).length, 1, "one sheet");
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#report")]);
    assert.match(readFileSync(await download.path(), "utf8"), /<!doctype html>/);
    await page.finish();
  },
  async findsTheOriginal() {
    const page = await openPage("verify");
    await verify(page, "");
    assert.match(await page.textContent("#title"), /tea@1$/);
    assert.match(await page.textContent("#alarms"), /submitted before/);
    await page.finish();
  },
  async takesADecision() {
    const page = await openPage("verify");
    await verify(page);
    page.messages = page.messages.filter((message) => !message.startsWith("request: "));
    await page.click("#decide button[value=reject]");
    await page.waitForSelector("#decision-problem:not([hidden])");
    assert.match(await page.textContent("#decision-problem"), /reason/);
    await page.fill("#reason", "the weight is another one");
    await page.click("#decide button[value=reject]");
    await page.waitForSelector("#decisions li");
    assert.match(await page.textContent("#decisions"), /^reject by .*the weight is another one/);
    const list = await openPage("verifications?decision=reject");
    await list.waitForSelector("#list tbody tr");
    assert.deepEqual(await list.locator("#list tbody td:last-child").allTextContents(), ["reject"]);
    await list.selectOption("#f-decision", "accept");
    await list.waitForFunction(() => /No verdict/.test(document.getElementById("status").textContent));
    await list.finish();
    page.messages = page.messages.filter((message) => !/status of 422/.test(message)); // the reason that was missing
    await page.finish();
  },
  async worksWithoutAPointer() {
    const page = await openPage("verify");
    page.on("filechooser", () => {}); // from here on, so that none opens before it is waited for
    const tabTo = async (selector) => {
      for (let i = 0; i < 60; i++) {
        if (await page.evaluate((s) => document.activeElement.matches(s), selector)) return;
        await page.keyboard.press("Tab");
      }
      assert.fail(`Tab does not come to ${selector}`);
    };
    await tabTo("#search");
    await page.keyboard.type("herbs");
    await page.waitForSelector("input[value=tea]");
    await tabTo("input[name=reference]");
    await page.keyboard.press("ArrowDown");
    assert.ok(await page.isChecked("input[value=tea]"));
    await tabTo("#file");
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Enter")]);
    await chooser.setFiles(sample("photo.jpg"));
    await tabTo("#verify");
    await page.keyboard.press("Enter");
    await settled(page);
    await tabTo("#reason");
    await tabTo("#decide button[value=accept]");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#decisions li");
    await page.finish();
  },
  async saysWhatIsWrong() {
    const page = await openPage("verify");
    await page.setInputFiles("#file", { name: "text.png", mimeType: "image/png", buffer: Buffer.from("no picture at all") });
    await page.click("#verify");
    await page.waitForFunction(() => /not a JPEG, PNG or WebP/.test(document.getElementById("status").textContent), null, { timeout: 60000 });
    await page.context().close();
    const none = await openPage("verifications/9999");
    await none.waitForFunction(() => /no verdict is on record/.test(document.getElementById("status").textContent));
    await none.context().close();
  },
  async suitsAxeAndPhones() {
    await suitsEverybody("verify", "verify", (page) => page.waitForSelector("input[value=tea]"));
    const { body } = await ask("GET", "api/v1/verifications");
    await suitsEverybody(`verifications/${body.verifications[0].entry}`, "verification", settled);
    await suitsEverybody("verifications", "verifications", (page) => page.waitForSelector("#list tbody tr"));
  },
};

await run(checks, () => "", []);
await endService();
