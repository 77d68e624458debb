// SPDX-License-Identifier: Apache-2.0
// What the checks of the service's pages share: the real service on a store of its own, pages of it on which every message counts
// but requests to it, and photographs where they are wanted (LIKENESS_PHOTOGRAPHS=FOLDER).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { axeFindsNothing, done, folder, open, samples, suitsFingers } from "./page.mjs";

export const sample = (name) => join(samples, name);
const running = [];

// The address of a service on the store of that name.
export async function startService(store, ...options) {
  const service = spawn(process.argv[2], ["serve", "--listen", "127.0.0.1:0", "--db", join(folder, store), ...options], {
    stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, XDG_DATA_HOME: folder },
  });
  running.push(service);
  return String((await once(service.stdout, "data"))[0]).trim();
}
export const url = await startService("store", ...(process.env.LIKENESS_SERVE_OPTIONS?.split(" ") ?? []));

export async function endService() {
  for (const service of running) {
    service.kill("SIGINT");
    await once(service, "exit");
  }
}

// A page of the service: finish() holds that it said nothing, to the console or as a breach of its policy.
export async function openPage(path, options, base = url) {
  const page = await open(base + path, options);
  page.finish = () => {
    page.messages = page.messages.filter((message) => !message.startsWith("request: " + base));
    return done(page);
  };
  return page;
}

// The answer of a call, as JSON.
export async function ask(method, path, body, headers = {}) {
  const isText = typeof body === "string" || body instanceof Uint8Array;
  const answer = await fetch(url + path, {
    method, body: body === undefined || isText ? body : JSON.stringify(body),
    headers: body === undefined ? headers : { "Content-Type": isText ? "application/octet-stream" : "application/json", ...headers },
  });
  return { status: answer.status, headers: answer.headers, body: /json/.test(answer.headers.get("Content-Type")) ? await answer.json() : await answer.text() };
}

// Tab until what has the focus fits the selector; as Shift+Tab, backwards.
export async function tabTo(page, wanted, key = "Tab", most = 80) {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press(key);
    if (await page.evaluate((selector) => document.activeElement.matches(selector), wanted)) return;
  }
  assert.fail(`${key} does not come to ${wanted}`);
}

const PHOTOGRAPH_MOST = 150_000; // bytes
export const viewports = [{ width: 1280, height: 900 }, { width: 360, height: 740 }];

const TOUCHED = "button, input:not([type=checkbox], [type=radio]), select, textarea, nav a, .button";

// On a desk and on a phone: `act` brings the page to where it is of use; axe, sizes of what is touched, and a photograph called name.
export async function suitsEverybody(path, name, act = async () => {}, touched = TOUCHED) {
  for (const viewport of viewports) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await open(url + path, { bypassCSP: true, viewport, colorScheme });
      await axeFindsNothing(page);
      await act(page);
      await axeFindsNothing(page);
      await suitsFingers(page, touched);
      if (process.env.LIKENESS_PHOTOGRAPHS && colorScheme === "light") {
        await page.evaluate(() => document.activeElement?.blur());
        const path = join(resolve(process.env.LIKENESS_PHOTOGRAPHS), `${name}-${viewport.width}.jpg`);
        const tall = await page.evaluate(() => document.body.scrollHeight);
        for (const [quality, share] of [[80, 2.2], [60, 2.2], [60, 1.4], [50, 1]]) {
          const clip = { x: 0, y: 0, width: viewport.width, height: Math.min(viewport.width * share, tall) };
          if ((await page.screenshot({ path, fullPage: true, clip, type: "jpeg", quality })).length < PHOTOGRAPH_MOST) break;
        }
      }
      await page.context().close();
    }
  }
}
