// SPDX-License-Identifier: Apache-2.0
// The compare page of the real service in Chromium: two pictures chosen, then dropped, looked at by keyboard; axe, and no breach of its policy.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { axeFindsNothing, done, folder, open, run, samples, suitsFingers } from "./page.mjs";

const pictures = ["original.png", "photo.jpg"].map((name) => join(samples, name));
const service = spawn(process.argv[2], ["serve", "--listen", "127.0.0.1:0", "--db", join(folder, "store")], { stdio: ["ignore", "pipe", "inherit"] });
const url = String((await once(service.stdout, "data"))[0]).trim();

// Requests to the service itself are what the page is for; all other messages count.
async function openPage(options) {
  const page = await open(url + "compare", options);
  const keep = () => { page.messages = page.messages.filter((m) => !m.startsWith("request: " + url)); };
  return { page, finish: () => (keep(), done(page)) };
}

async function compare(page) {
  await page.setInputFiles("#file-a", pictures[0]);
  await page.setInputFiles("#file-b", pictures[1]);
  await page.click("#compare");
  await page.waitForSelector("#result:not([hidden])", { timeout: 60000 });
  await page.waitForFunction(() => [...document.querySelectorAll("#view img")].every((i) => i.complete && i.naturalWidth > 0));
}

const checks = {
  async compares() {
    const { page, finish } = await openPage();
    await compare(page);
    assert.match(await page.textContent("#verdict"), /^SAME/);
    assert.equal(await page.locator("#regions li").count(), await page.locator("#image-a + svg g").count());
    assert.ok(await page.locator("#regions li").count() > 0);
    assert.equal(await page.evaluate(() => document.activeElement.id), "verdict");
    await finish();
  },
  async worksByKeys() {
    const { page, finish } = await openPage();
    await compare(page);
    for (const [key, mode, shown] of [["4", "heat", "#image-heat"], ["2", "swipe", "#slider"], ["3", "onion", "#slider"], ["1", "side", "#image-b"]]) {
      await page.keyboard.press(key);
      assert.equal(await page.getAttribute("#view", "data-mode"), mode);
      assert.ok(await page.isVisible(shown));
    }
    await page.keyboard.press("n");
    assert.equal(await page.locator("#image-a + svg g.chosen").count(), 1);
    await page.keyboard.press("p");
    await page.focus("#modes button:nth-child(2)");
    await page.keyboard.press("Enter");
    await page.focus("#slider");
    await page.keyboard.press("Home");
    assert.equal(await page.evaluate(() => document.getElementById("figure-b").style.clipPath), "inset(0px 100% 0px 0px)");
    await finish();
  },
  async takesDrops() {
    const { page, finish } = await openPage();
    await page.evaluate(async () => {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 200;
      const pen = canvas.getContext("2d");
      for (let i = 0; i < 60; i++) pen.fillRect((i * 67) % 190, (i * 37) % 190, 9, 7);
      const blob = await new Promise((resolve) => canvas.toBlob(resolve));
      const data = new DataTransfer();
      data.items.add(new File([blob], "one <b>.png"));
      data.items.add(new File([blob], "two.png"));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    });
    await page.waitForSelector("#result:not([hidden])", { timeout: 60000 });
    assert.match(await page.textContent("#verdict"), /^SAME/);
    await page.waitForTimeout(300);
    await finish();
  },
  async saysWhatIsWrong() {
    const { page } = await openPage();
    const text = { name: "text.png", mimeType: "image/png", buffer: Buffer.from("no picture at all") };
    await page.setInputFiles("#file-a", text);
    await page.setInputFiles("#file-b", text);
    await page.click("#compare");
    await page.waitForFunction(() => /not a JPEG, PNG or WebP/.test(document.getElementById("status").textContent), null, { timeout: 60000 });
    await page.context().close();
  },
  async suitsAxeAndPhones() {
    for (const viewport of [{ width: 1280, height: 900 }, { width: 360, height: 740 }]) {
      const page = await open(url + "compare", { bypassCSP: true, viewport });
      await axeFindsNothing(page);
      await compare(page);
      await axeFindsNothing(page);
      await suitsFingers(page, "button, input");
      if (process.env.LIKENESS_PHOTOGRAPHS) {
        await page.screenshot({ path: join(process.env.LIKENESS_PHOTOGRAPHS, `compare-${viewport.width}.png`), fullPage: true });
      }
      await page.context().close();
    }
  },
};

await run(checks, () => url, []);
service.kill("SIGINT");
await once(service, "exit");
