// SPDX-License-Identifier: Apache-2.0
// What monitoring saw, in a real browser: the numbers are the API's, and every point leads to its rows.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, model, openBrowser, openPage, strangeUrl, until } from "./browser.mjs";
import { cleanEverywhere, staysText } from "./everywhere.mjs";

let browser;
before(async () => (browser = await openBrowser()));
after(async () => browser?.close());

const profiles = async () => (await ask(`/v1/profiles?model=${model}&limit=1000`)).profiles;
const withRows = async () => (await profiles()).find((profile) => profile.rows > 0);
const behind = (page) => page.locator("[data-behind]").getAttribute("data-behind");

/** Six windows of a version: three normal, two quiet, then an alarm; each over the same rows of the server. */
async function madeUp() {
  const real = await withRows();
  const end = Date.parse(real.window_end);
  const day = 86_400_000;
  const time = (i) => new Date(end - (5 - i) * day).toISOString();
  const chain = (p, effect) => ({ ...real.content.chains.classes, applicable: true, p, effect, noise: 0.04 });
  const made = [0, 1, 2, 3, 4, 5].map((i) => ({
    ...real, id: `made-${i}`, window_begin: i === 5 ? real.window_begin : time(i - 1), window_end: time(i), reference: i < 3, created: time(i),
    class_p: i === 5 ? 1e-6 : 0.4, class_effect: i === 5 ? 0.3 : 0.02, embedding_p: 0.5, embedding_effect: 0.05, evidence: i < 3 ? 0 : i === 5 ? 4321 : 2,
    content: {
      ...real.content, tested: i >= 3, run_begin: Date.parse(time(-1)) * 1000,
      chains: { classes: chain(i === 5 ? 1e-6 : 0.4, i === 5 ? 0.3 : 0.02), embedding: chain(0.5, 0.05) },
    },
  }));
  made[5].window_begin = time(4);
  const incident = {
    id: "incident-1", model, version: real.version, state: "open", opened: time(5), closed: null, budget_days: 90, evidence: 4321, families: "classes",
    sentence: "Drift: the share of class 'economy' went from 33.0 % to 63.0 % (evidence 4321 days, at most one false alarm in 90 days).",
    numbers: { classes: { e: 900, p: 1e-6, effect: 0.3, gate: 0.02, m: 8642, n_used: 40, onset: time(4) } },
  };
  return { made, incident };
}

async function openWith(answers, options = {}) {
  const page = await openPage(browser, options);
  for (const [address, body] of Object.entries(answers)) {
    await page.route(`**${address}?*`, (route) => route.fulfill({ json: body }));
  }
  await page.evaluate((to) => (location.hash = to), options.to ?? "#/drift");
  return page;
}

test("every window of the API is there with its numbers, and no drift proved is said to be no proof", async () => {
  const page = await openPage(browser, { at: "#/drift" });
  const all = await profiles();
  const rows = page.locator("[data-window]");
  await rows.first().waitFor();
  assert.equal(await rows.count(), Math.min(12, all.length));
  const newest = all[0];
  const cells = await page.locator(`[data-window="${newest.id}"] td`).allInnerTexts();
  const days = [newest.window_begin, newest.window_end].map((time) => time.slice(0, 10));
  assert.deepEqual(cells.slice(0, 4), [...days, String(newest.version), newest.rows.toLocaleString("en")]);
  await page.getByText("This is no proof that nothing moved").first().waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("keys choose a window, its rows are those of the API, and a reload changes nothing", async () => {
  const page = await openPage(browser, { at: "#/drift" });
  await page.locator("[data-evidence]").focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  const profile = await withRows();
  assert.equal(await behind(page), profile.id);
  await until(() => page.evaluate(() => document.activeElement?.tagName === "H2"), "the focus on the heading");
  const address = `/v1/models/${model}/captured?from=${profile.window_begin}&to=${profile.window_end}&version=${profile.version}&limit=100`;
  const said = await ask(address);
  const sample = page.locator("[data-sample]").first();
  const ids = async () => sample.locator("[data-row]").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-row")));
  const wanted = said.rows.slice(0, 10).map((row) => row.id);
  await until(async () => (await ids()).length === wanted.length, "the rows");
  assert.deepEqual(await ids(), wanted);
  await sample.getByText(`of ${said.sampled_of.toLocaleString("en")} rows`).waitFor();
  await page.reload();
  await until(async () => JSON.stringify(await ids()) === JSON.stringify(wanted), "the same rows again");
  const select = page.locator("[data-behind] select");
  await select.selectOption("economy");
  await until(async () => (await page.evaluate(() => location.hash)).includes("label=economy"), "the class in the address");
  const economy = await ask(`${address}&label=economy`);
  await until(async () => JSON.stringify(await ids()) === JSON.stringify(economy.rows.slice(0, 10).map((row) => row.id)), "the rows of one class");
  await select.focus();
  await page.keyboard.press("Escape");
  await page.locator("[data-behind]").waitFor({ state: "detached" });
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("an alarm is told in words, on the chart and in the list, beside what is normal", async () => {
  const { made, incident } = await madeUp();
  const page = await openWith({ "/v1/profiles": { profiles: made }, "/v1/incidents": { incidents: [incident] } });
  await page.getByText("The world has moved.").waitFor();
  await page.getByText("3 of 6 windows were tested.").waitFor();
  assert.equal(await page.locator("[data-evidence] path.over").count(), 1);
  assert.equal(await page.locator("[data-evidence] circle").count(), 2);
  const inList = await page.locator("[data-incident]").innerText();
  assert.match(inList, /at most one in 90 days/);
  assert.match(inList, /30 points/);
  await page.locator("[data-incident]").getByRole("button").press("Enter");
  assert.equal(await behind(page), "made-5");
  await page.getByRole("heading", { name: "Reference: what is normal" }).waitFor();
  // A point of another chart, read by keys, leads to rows too.
  const plot = page.getByRole("application", { name: "Share of each class" });
  await plot.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await until(async () => (await behind(page)) === "made-1", "the second window");
  await page.getByText("This window is itself part of what is normal").waitFor();
  // And so does a click on it.
  const { width } = await plot.boundingBox();
  await plot.click({ position: { x: width - 40, y: 60 } });
  await until(async () => (await behind(page)) === "made-5", "the last window");
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("nothing watched yet, an unknown window and a server that fails are told", async () => {
  const none = await openWith({ "/v1/profiles": { profiles: [] } });
  await none.getByText("Nothing has been watched yet.").waitFor();
  await none.context().close();
  const unknown = await openPage(browser, { at: "#/drift/never" });
  await unknown.getByText("There is no such window.").waitFor();
  await unknown.context().close();
  const failing = await openPage(browser);
  await failing.route("**/v1/profiles?*", (route) => route.fulfill({ status: 503, json: { error: "The ledger is busy" } }));
  await failing.evaluate(() => (location.hash = "#/drift"));
  await failing.getByText("The ledger is busy").waitFor();
  await failing.unroute("**/v1/profiles?*");
  await failing.getByRole("button", { name: "Try again" }).click();
  await failing.locator("[data-window]").first().waitFor();
  await failing.context().close();
});

test("texts of strangers are shown, not run, and fit", async () => {
  const page = await openPage(browser, { at: "#/drift", server: strangeUrl, width: 320 });
  await page.locator("[data-window]").first().waitFor();
  await page.locator("[data-evidence]").focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await page.locator("[data-row]").first().waitFor();
  await page.locator("[data-sample]").first().getByRole("button", { name: "Show more" }).click();
  await page.getByText("<script>globalThis.hacked = 1</script>").first().waitFor();
  await staysText(page);
});

test("axe finds nothing, light and dark, in both languages, and nothing is wider than the screen", async () => {
  const { made, incident } = await madeUp();
  const page = await openWith({ "/v1/profiles": { profiles: made }, "/v1/incidents": { incidents: [incident] } }, { to: "#/drift/made-5" });
  await page.locator("[data-row]").first().waitFor();
  await cleanEverywhere(page);
  await page.context().close();
});
