// SPDX-License-Identifier: Apache-2.0
// The pages of cameras of the real service in Chromium: cameras that the command added and watched once, one of them moved; its event is
// acknowledged and settled, areas are drawn, the camera is aimed; by pointer and by keys alone; axe, and no breach of the policy.
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { folder, made, run } from "./page.mjs";
import { ask, endService, openPage, suitsEverybody } from "./service.mjs";
import { drawFrames } from "./camera_frames.mjs";

const frames = {};
const command = (...args) => made("none", [0, 1], [...args, "--db", join(folder, "store")]);

async function push(camera, name) {
  const { status, body } = await ask("POST", `api/v1/cameras/${camera}/frames`, new Uint8Array(readFileSync(frames[name])));
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

async function show(camera, ...names) {
  for (const name of names) await push(camera, name);
  return (await ask("GET", `api/v1/cameras/${camera}`)).body;
}

async function addCameras() {
  const list = [0, 1, 2].flatMap((i) => [{ name: `home${i}.jpg` }, { name: `moved${i}.jpg`, right: 56 }, { name: `covered${i}.jpg`, covered: true }]);
  Object.assign(frames, await drawFrames(list));
  for (const [id, title] of [["gate", "Gate"], ["dock", "Loading dock"], ["yard", "Yard"], ["lab", "Laboratory"]]) {
    command("camera", "add", id, "--source", frames["home0.jpg"], "--title", title, "--hold", "0", "--learn", "0");
    command("watch", id, "--once");
  }
  addPast();
  command("camera", "off", "past");
  command("camera", "off", "lab");
  await push("yard", "home1.jpg");
  assert.equal((await show("dock", "covered0.jpg", "covered1.jpg", "covered2.jpg")).state, "covered");
  assert.equal((await show("gate", "home1.jpg", "moved0.jpg", "moved1.jpg", "moved2.jpg")).state, "moved");
}

// A camera whose frames are three weeks old and younger: it is covered on the 12th day before now, looked at by nobody for five days,
// and hangs elsewhere since.
const DAY_S = 86400, EVERY_H = 4;
function addPast() {
  const place = join(folder, "past");
  mkdirSync(place);
  const now = Date.now() / 1000;
  let number = 0;
  const fill = (frame, fromDay, toDay) => {
    for (let at = now - fromDay * DAY_S; at < now - toDay * DAY_S; at += EVERY_H * 3600) {
      const file = join(place, `frame-${String(number++).padStart(4, "0")}.jpg`);
      copyFileSync(frames[frame], file);
      utimesSync(file, at, at);
    }
  };
  fill("home0.jpg", 20, 12);
  fill("covered0.jpg", 12, 11);
  const settings = ["--every", `${EVERY_H}h`, "--hold", "0", "--learn", "0", "--frozen", "0", "--field-of-view", "60"];
  command("camera", "add", "past", "--source", `dir:${place}`, "--title", "Past", ...settings);
  command("watch", "past", "--until-end");
  command("camera", "baseline", "past", frames["moved0.jpg"]);
  fill("moved0.jpg", 6, 0);
  command("watch", "past", "--until-end");
}

const loaded = (page) => page.waitForFunction(() => [...document.images].filter((i) => i.offsetParent && i.src)
  .map((i) => Object.assign(i, { loading: "eager" })).every((i) => i.complete && i.naturalWidth > 0));
const ready = async (page) => {
  await page.waitForSelector("#whole:not([hidden])");
  await loaded(page);
};
const names = (page) => page.locator("#wall a.name").allTextContents();

const checks = {
  addCameras,
  async wallShowsTheWorstFirst() {
    const page = await openPage("cameras");
    await page.waitForSelector(".picture-card");
    await loaded(page);
    assert.deepEqual(await names(page), ["Loading dock", "Gate", "Yard", "Laboratory", "Past"]);
    assert.equal(await page.textContent("#summary"), "5 cameras, 2 not well, 2 to be acknowledged.");
    assert.match(await page.locator(".picture-card").first().textContent(), /COVERED.*waits to be seen/);
    assert.deepEqual((await ask("GET", "api/v1/cameras")).body.cameras.map((c) => c.id).sort(), ["dock", "gate", "lab", "past", "yard"]);
    await page.finish();
  },
  async followsWhatIsTold() {
    // Nothing is asked for again by the clock: it hears of it.
    const page = await openPage("cameras");
    await page.addInitScript(() => {
      const real = window.setTimeout;
      window.setTimeout = (act, ms, ...more) => ms >= 3000 ? 0 : real(act, ms, ...more);
    });
    const listens = page.waitForResponse(/api\/v1\/events$/);
    await page.reload();
    await listens;
    await page.waitForSelector(".picture-card");
    await ask("POST", "api/v1/cameras/dock/ack", {});
    await show("dock", "home0.jpg", "home1.jpg", "home2.jpg");
    await page.waitForFunction(() => document.querySelector("#wall a.name").textContent === "Gate", null, { timeout: 20000 });
    await page.goto(page.url() + "/dock");
    await ready(page);
    await show("dock", "covered0.jpg", "covered1.jpg", "covered2.jpg");
    await page.waitForSelector("#alarm:not([hidden])");
    await page.finish();
  },
  async asksWhereNothingIsTold() {
    const page = await openPage("cameras/dock");
    await page.route("**/api/v1/events", (route) => route.abort());
    await page.reload();
    await ready(page);
    await ask("POST", "api/v1/cameras/dock/ack", {});
    await page.waitForSelector("#alarm", { state: "hidden" });
    await show("dock", "home0.jpg", "home1.jpg", "home2.jpg");
    await page.waitForFunction(() => /OK/.test(document.getElementById("standing").textContent), null, { timeout: 20000 });
    await page.context().close();
  },
  async acknowledgesAnEvent() {
    const page = await openPage("cameras/gate");
    await ready(page);
    assert.match(await page.textContent("#standing"), /MOVED.*waits to be seen/);
    assert.match(await page.textContent("#alarm-words"), /MOVED/);
    assert.match(await page.getAttribute("#event", "src"), /camera-events\/\d+\/after/);
    assert.equal(await page.locator(".timeline .mark.open").count(), 1);
    await page.fill("#actor", "Kim");
    await page.fill("#note", "the wind, I have been there");
    await page.click("#seen");
    await page.waitForSelector("#alarm", { state: "hidden" });
    assert.match(await page.textContent("#standing"), /MOVED/);
    assert.match(await page.locator("#events tr").first().textContent(), /acknowledged/);
    assert.match(await page.locator("#record tr").first().textContent(), /acknowledged.*Kim.*the wind, I have been there/);
    assert.equal((await ask("GET", "api/v1/cameras/gate")).body.latched, false);
    await page.finish();
  },
  async drawsScores() {
    const page = await openPage("cameras/past");
    await ready(page);
    const count = (what) => page.locator(`.timeline ${what}`).count();
    assert.equal(await count(".scores"), 1); // the last day is one line
    const tells = page.waitForResponse(/\/series\?/);
    await page.click("#spans [data-hours='720']");
    const { points, limit, step_s: step } = await (await tells).json();
    await page.waitForFunction(() => document.querySelectorAll(".timeline .view").length === 2);
    assert.ok(points.length > 80 && limit === 0.5 && step === 5400, `${points.length} ${limit} ${step}`);
    assert.deepEqual([...new Set(points.map((p) => p.baseline))], [1, 2]);
    assert.deepEqual([await count(".scores"), await count(".gap"), await count(".bad-time") > 0], [2, 1, true]);
    assert.match(await page.textContent("#limit-said"), /^Below 0.50 once in the last 30 days, 2[0-3] hours together.$/);
    const y = async () => Number(await page.getAttribute(".timeline .limit", "y1"));
    const before = await y();
    await page.focus("#limit");
    await page.keyboard.press("Home");
    assert.ok(await y() > before);
    assert.equal(await page.textContent("#limit-said"), "Never below 0.00 in the last 30 days.");
    await page.click("#own-limit");
    assert.equal(await y(), before);
    await page.click("text=Scores as a table");
    const rows = await page.locator("#scores tr").allTextContents();
    assert.ok(rows.length >= 15 && rows.length <= 17, `${rows.length} days`);
    const worst = points.find((p) => p.state === "covered").lowest.toFixed(2);
    assert.ok(rows.some((row) => row.includes(worst) && row.endsWith("COVERED")), `${worst}: ${rows}`);
    await page.click("#spans [data-hours='168']");
    await page.waitForFunction(() => document.querySelectorAll("#scores tr").length > 20);
    await page.finish();
  },
  async aimsUntilItIsBack() {
    const page = await openPage("cameras/gate");
    await ready(page);
    await page.setInputFiles("#aim-file", frames["moved0.jpg"]);
    await page.waitForSelector("#aim:not([hidden])");
    assert.match(await page.textContent("#aim-words"), /^Turn \d+\.\d° to the left/);
    assert.equal(await page.locator("#aim .arrow").count(), 1);
    await page.setInputFiles("#aim-file", frames["home2.jpg"]);
    await page.waitForFunction(() => document.getElementById("aim-words").textContent === "It is back.");
    await page.click("#send");
    await page.waitForFunction(() => /^The frame shows: OK/.test(document.getElementById("aim-said").textContent));
    await page.finish();
  },
  async drawsAreas() {
    const page = await openPage("cameras/gate");
    await ready(page);
    await page.click(".mask [data-tool=rectangle]");
    await page.locator(".mask-stage").scrollIntoViewIfNeeded();
    const box = await page.locator(".mask-stage").boundingBox();
    const at = (x, y) => [box.x + x * box.width, box.y + y * box.height];
    await page.mouse.move(...at(0.1, 0.1));
    await page.mouse.down();
    await page.mouse.move(...at(0.3, 0.2), { steps: 4 });
    await page.mouse.up();
    await page.click(".mask [data-tool=polygon]");
    await page.locator(".mask-stage").scrollIntoViewIfNeeded();
    for (const point of [[0.6, 0.6], [0.8, 0.6], [0.7, 0.8]]) await page.mouse.click(...at(...point));
    await page.mouse.click(...at(0.6, 0.6));
    assert.equal(await page.locator(".mask-layer [data-area]").count(), 2);
    await page.click("text=Undo");
    assert.equal(await page.locator(".mask-layer [data-area]").count(), 1);
    await page.fill(".mask-table [aria-label='area 1, width, per cent']", "25");
    await page.press(".mask-table [aria-label='area 1, width, per cent']", "Tab");
    await page.click("#save-mask");
    await page.waitForFunction(() => /^Saved: 1 area/.test(document.getElementById("mask-said").textContent));
    const [area] = (await ask("GET", "api/v1/cameras/gate")).body.settings.ignore;
    assert.ok(Math.abs(area[0] - 0.1) < 0.01 && Math.abs(area[2] - area[0] - 0.25) < 0.002, JSON.stringify(area));
    await page.finish();
  },
  async worksByKeysAlone() {
    await show("gate", "home0.jpg", "home1.jpg", "home2.jpg", "moved0.jpg", "moved1.jpg", "moved2.jpg");
    const page = await openPage("cameras");
    await page.waitForSelector(".picture-card");
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute("aria-label") || document.activeElement.textContent);
    const tabTo = async (wanted) => {
      for (let i = 0; i < 120; i++) {
        await page.keyboard.press("Tab");
        if (wanted.test(await focused())) return;
      }
      assert.fail(`no way to ${wanted} by Tab`);
    };
    await tabTo(/^Gate$/);
    await page.keyboard.press("Enter");
    await page.waitForURL(/cameras\/gate/);
    await ready(page);
    await tabTo(/^note$/);
    await page.keyboard.type("the camera hangs there now");
    await tabTo(/^normal$/);
    await page.keyboard.press("Enter");
    await page.waitForSelector("#alarm", { state: "hidden" });
    assert.equal(await focused(), "name");
    const one = (await ask("GET", "api/v1/cameras/gate")).body;
    assert.deepEqual([one.state, one.latched, one.baselines], ["ok", false, 1]);
    await tabTo(/^Add in the middle$/);
    await page.keyboard.press("Enter");
    assert.match(await focused(), /^area 2, rectangle: 40%,40%,20%,20%/);
    for (const key of ["ArrowLeft", "Shift+ArrowDown", "+", "+"]) await page.keyboard.press(key);
    assert.match(await focused(), /^area 2, rectangle: 39%,45%,22%,22%/);
    await page.keyboard.press("Control+z");
    await page.keyboard.press("Delete");
    assert.equal(await page.locator(".mask-layer [data-area]").count(), 1);
    await page.finish();
  },
  async saysWhatIsWrong() {
    const page = await openPage("cameras/never");
    await page.waitForSelector("#problem:not([hidden])");
    assert.match(await page.textContent("#problem"), /never.*no such camera|no camera/i);
    await page.context().close();
  },
  async changesSettings() {
    const page = await openPage("cameras/yard");
    await ready(page);
    await page.fill("#set-name", "Yard <b>north</b>");
    await page.uncheck("#set-enabled");
    await page.click("#settings button");
    await page.waitForFunction(() => document.getElementById("settings-said").textContent === "Saved.");
    assert.equal(await page.textContent("#name"), "Yard <b>north</b>");
    assert.match(await page.textContent("#standing"), /OFF/);
    await ask("PATCH", "api/v1/cameras/yard", { name: "Yard", enabled: true });
    await page.finish();
  },
  async addsAndRemoves() {
    const page = await openPage("cameras");
    await page.waitForSelector(".picture-card");
    await page.click("text=Add a camera");
    await page.waitForFunction(() => document.getElementById("source-hint").textContent !== "");
    assert.ok(await page.isHidden("#source-field")); // none are allowed
    await page.fill("#add-id", "hall");
    await page.fill("#add-name", "Hall");
    await page.setInputFiles("#add-picture", frames["home0.jpg"]);
    await page.click("#add button");
    await page.waitForURL(/cameras\/hall$/);
    await ready(page);
    assert.equal(await page.textContent("#name"), "Hall");
    await page.click("#remove");
    await page.click("#sure button[value=no]");
    assert.equal((await ask("GET", "api/v1/cameras/hall")).status, 200);
    await page.click("#remove");
    await page.fill("#remove-note", "sold");
    await page.click("#sure button[value=yes]");
    await page.waitForURL(/cameras$/);
    await page.waitForSelector(".picture-card");
    assert.equal((await ask("GET", "api/v1/cameras/hall")).status, 404);
    await page.finish();
  },
  async suitsAxeAndPhones() {
    await show("gate", "moved0.jpg", "moved1.jpg", "moved2.jpg");
    await show("gate", "home0.jpg", "home1.jpg", "home2.jpg");
    await show("dock", "covered0.jpg", "covered1.jpg", "covered2.jpg");
    await suitsEverybody("cameras", "cameras", async (page) => {
      await page.waitForSelector(".picture-card");
      await page.click("text=Add a camera");
      await loaded(page);
    });
    await suitsEverybody("cameras/past", "camera-scores", async (page) => {
      await ready(page);
      await page.click("#spans [data-hours='720']");
      await page.click("text=Scores as a table");
      await page.locator("#timeline-place").scrollIntoViewIfNeeded();
    });
    await suitsEverybody("cameras/gate", "camera", async (page) => {
      await ready(page);
      await page.setInputFiles("#aim-file", frames["home0.jpg"]);
      await page.waitForSelector("#aim:not([hidden])");
    });
  },
};

await run(checks, () => null, []);
await endService();
