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
