// SPDX-License-Identifier: Apache-2.0
// What the checks of all pages share: a folder for what the command makes, pages in Chromium from file:// with every message on their
// console kept (a breach of a page's own policy would be one), axe's accessibility rules, and running the checks one after the other.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [likeness, executablePath] = process.argv.slice(2, 4).map((path) => resolve(path));
export const samples = process.argv[4];
export const folder = mkdtempSync(join(tmpdir(), "likeness-web-"));
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
let browser;

// Runs the command, which writes the page `file`; returns its address and what the run left.
export function made(file, statuses, args) {
  const run = spawnSync(likeness, args, { encoding: "utf8", cwd: folder, env: { ...process.env, XDG_DATA_HOME: folder } });
  assert.ok(statuses.includes(run.status), `likeness ${args[0]} ended with ${run.status}: ${run.stderr}`);
  return { url: pathToFileURL(join(folder, file)).href, run };
}

// A page of its own, once `ready` is there.
export async function open(url, { ready = "body", ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.messages = [];
  page.on("console", (message) => page.messages.push(message.text()));
  page.on("pageerror", (error) => page.messages.push(String(error)));
  page.on("dialog", (dialog) => page.messages.push("dialog: " + dialog.message()));
  page.on("request", (request) => {
    if (!/^(data|file|blob):/.test(request.url())) page.messages.push("request: " + request.url());
  });
  await page.goto(url);
  await page.waitForSelector(ready, { timeout: 20000, state: "attached" });
  return page;
}

export async function done(page) {
  assert.deepEqual(page.messages, []);
  await page.context().close();
}

// The page asks for nothing that is not its own, whoever puts it there.
export async function policyStopsOthers(page) {
  const outcome = await page.evaluate(() => new Promise((resolve) => {
    document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
    const image = document.createElement("img");
    image.src = "https://example.invalid/x.png";
    document.body.append(image);
  }));
  assert.equal(outcome, "img-src");
  await page.context().close();
}

// Of a page that was opened with bypassCSP: true.
export async function axeFindsNothing(page) {
  if (!await page.evaluate(() => "axe" in globalThis)) await page.addScriptTag({ content: readFileSync(axe, "utf8") });
  const result = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }));
  assert.deepEqual(result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(" | ")}`), []);
}

// No sideways scrolling, and nothing to touch that is less than 44 pixels high.
export async function suitsFingers(page, selector) {
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  const small = await page.locator(selector).evaluateAll((all) =>
    all.filter((e) => e.offsetParent && e.offsetHeight < 44).map((e) => e.outerHTML.slice(0, 80)));
  assert.deepEqual(small, []);
}

// Makes the pages, opens the browser and runs all checks; the exit status is 1 when one fails.
export async function run(checks, makePages, args) {
  let failed = 0;
  try {
    const urls = makePages();
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", ...args] });
    for (const [name, check] of Object.entries(checks)) {
      try {
        await check(urls);
        console.log(`ok ${name}`);
      } catch (error) {
        failed++;
        console.log(`not ok ${name}\n${error.stack}`);
      }
    }
  } finally {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  }
  process.exitCode = failed ? 1 : 0;
}
