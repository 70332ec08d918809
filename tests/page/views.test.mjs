// SPDX-License-Identifier: Apache-2.0
// What holds of home and of every other view: on a slow line (400 ms until an answer begins, 50 kB a second), and when it is loaded anew.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, openBrowser, openPage, slowDown, until } from "./browser.mjs";
import { cleanEverywhere } from "./everywhere.mjs";

let browser;
before(async () => (browser = await openBrowser()));
after(async () => browser?.close());

const kPlaces = ["label", "traffic", "drift", "labels", "data", "training", "evaluation", "release", "try", "settings"];
const loading = (page) => page.getByRole("main").getByText("Asking the server …").first();

test("home says that it asks until it knows, and then what the API says", async () => {
  // Home asks before its script is there, so on a slow line alone the answers are there first: this server takes its time, too.
  const prepare = async (one) => {
    await slowDown(one);
    await one.route("**/v1/status", async (route) => {
      await new Promise((done) => setTimeout(done, 5000));
      await route.continue();
    });
  };
  const page = await openPage(browser, { prepare });
  await loading(page).waitFor();
  assert.ok(await page.getByRole("navigation").isVisible());
  const { turns } = await ask("/v1/status");
  await page.getByRole("heading", { name: "Last turns" }).waitFor();
  await until(async () => (await page.getByRole("group", { name: "Last turns" }).locator("tbody tr").count()) === turns.length, "the turns");
  await page.locator("figure").getByRole("button", { name: "CSV" }).waitFor(); // the drawing of charts is fetched after the answers
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("home says what the open audits are worth, and what waits for a decision", async () => {
  const prepare = (one) => one.route("**/v1/status", async (route) => {
    const response = await route.fetch();
    const told = await response.json();
    const labels = { tasks: 90, answered: 9, skipped: 0, open: 81, contested: 3, audits: 32, audits_open: 20 };
    await route.fulfill({ response, json: { ...told, labels, audited: { ...told.audited, accuracy: 0.8, lower: 0.6, upper: 0.9, n: 30, window_begin: told.time, window_end: told.time } } });
  });
  const page = await openPage(browser, { prepare });
  // Wilson at 25.6 of 32: 0.633 to 0.903.
  assert.equal(await page.locator("[data-worth]").innerText(), "20 of them are audits. With all 32 answered, the accuracy of the newest rows is known to about ± 13.5 points.");
  assert.equal(await page.locator("[data-contested]").innerText(), "3 texts wait for a decision: people differ on them.");
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("home says what the loop did last and why, and what never retraining would have given", async () => {
  const { turns, served } = await ask("/v1/status");
  // The newest that ended may be one that was cancelled, of which there is nothing more to say.
  const last = { ...turns.find((turn) => turn.ended !== null), state: "done", verdict: "kept", error: "", reason: "Nothing was better than what serves." };
  const audited = (n, right, more) => ({ n, right, accuracy: right / n, lower: right / n - 0.1, upper: right / n + 0.1, missing: 0, ...more });
  const never_retrained = audited(40, 20, { version: served.version + 1 });
  const months = Array.from({ length: 7 }, (_, i) => `2031-0${i + 1}-01T00:00:00Z`);
  const prepare = async (one) => {
    await one.route("**/v1/status", async (route) => {
      const response = await route.fetch();
      const told = await response.json();
      await route.fulfill({ response, json: { ...told, turns: [last], audited: audited(40, 32, { turn: 7, window_begin: months[5], window_end: months[6], never_retrained }) } });
    });
    await one.route("**/v1/turns?*", (route) => route.fulfill({ json: { turns: months.map((window_end, i) => ({
      ...last, window_end, number: i + 1, summary: { version: i + 1, audited: audited(40, 32), never_retrained: audited(40, 20 + i, { version: 1 }) },
    })).toReversed() } }));
  };
  const page = await openPage(browser, { prepare });
  assert.equal(await page.locator("[data-last]").innerText(), `Turn ${last.number}: kept. ${last.reason}`);
  assert.equal(await page.locator("[data-never]").innerText(), `The same rows answered by version ${served.version + 1}, never retrained: 50.0% (40.0% – 60.0%, n 40)`);
  await page.getByText("the same rows answered by version 1, which was released first").waitFor();
  await page.getByRole("button", { name: "Table" }).press("Enter");
  const row = page.locator("figure tbody tr").last();
  await row.waitFor();
  // Seven turns: of the last six 192 of 240 as served, 141 of 240 without retraining.
  assert.deepEqual((await row.locator("td, th").allInnerTexts()).filter((_, i) => [1, 9].includes(i)), ["80%", "59%"]);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("every view says that it asks before it shows something", async () => {
  const page = await openPage(browser, { prepare: slowDown });
  await page.getByRole("heading", { name: "Last turns" }).waitFor();
  for (const place of kPlaces) {
    await page.evaluate((to) => (location.hash = `#/${to}`), place);
    await loading(page).waitFor();
    await loading(page).waitFor({ state: "detached" });
    assert.notEqual((await page.getByRole("main").innerText()).trim(), "");
  }
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("a reload while a view is asking shows that view", async () => {
  const page = await openPage(browser);
  const shown = () => page.getByRole("main").innerText();
  for (const place of kPlaces) {
    await page.evaluate((to) => (location.hash = `#/${to}`), place);
    await page.reload();
    await page.reload();
    await page.getByRole("navigation").locator('[aria-current="page"]').waitFor();
    await until(async () => (await loading(page).count()) === 0 && (await shown()).trim() !== "", `the view ${place}`);
    assert.equal(new URL(page.url()).hash, `#/${place}`);
  }
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("axe finds nothing on home, light and dark, in both languages, and nothing is wider than the screen", async () => {
  const page = await openPage(browser);
  await page.locator("figure").getByRole("button", { name: "CSV" }).waitFor();
  await cleanEverywhere(page);
  await page.getByRole("button", { name: "Table" }).click();
  await cleanEverywhere(page);
  await page.context().close();
});
