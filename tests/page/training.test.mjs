// SPDX-License-Identifier: Apache-2.0
// The fits compared: their settings, what was chosen and why, what it cost, and the turn under way, in a real browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, axeViolations, model, openBrowser, openPage, until } from "./browser.mjs";
import { cleanEverywhere, fits } from "./everywhere.mjs";
import { secondVersion, wantOwnProject } from "./second_version.mjs";

let browser;
before(async () => {
  await wantOwnProject();
  browser = await openBrowser();
});
after(async () => browser?.close());

const turnsNow = async () => (await ask("/v1/turns?limit=100")).turns;
const runsNow = async () => (await ask(`/v1/models/${model}/runs?limit=1000`)).runs;

async function openTraining(options = {}) {
  const page = await openPage(browser, { at: "#/training", ...options });
  await page.locator("[data-turn]").first().waitFor();
  return page;
}

test("a curve grows while its job runs, without a reload", async () => {
  const [{ id }] = await turnsNow();
  const page = await openPage(browser);
  let asked = 0;
  await page.route("**/v1/turns?*", async (route) => {
    const { turns } = await (await route.fetch()).json();
    return route.fulfill({ json: { turns: turns.map((turn) => (turn.id === id ? { ...turn, state: "open", step: "tune", ended: null } : turn)) } });
  });
  // A job of any length: one more pass at each look, told by news as the server tells it.
  await page.route(`**/v1/turns/${id}/fits`, (route) => {
    asked += 1;
    const curve = Array.from({ length: asked }, (_, i) => [i + 1, 1 / (1 + i)]);
    return route.fulfill({
      json: {
        kind: "trial", trials: 4, fits: [
          { trial: 0, rung: 0, step: 20, steps: 20, ended: true, loss: 0.5, curve: [[1, 1], [2, 0.75]] },
          { trial: 1, rung: 0, step: asked, steps: 40, ended: false, loss: null, curve },
        ],
      },
    });
  });
  await page.route("**/v1/events", (route) =>
    route.fulfill({ contentType: "text/event-stream", body: 'event: changed\ndata: {"topics":["fits"]}\n\n' }));
  await page.goto(page.url() + "#/training");
  await page.reload(); // listens to the news that the test tells
  const live = page.locator('[data-live="trial"]');
  await live.getByText("Searching settings: 2 of 4 trials begun").waitFor();
  assert.equal(await live.locator('[data-fit="0"]').textContent().then((text) => text.includes("ended, loss 0.5")), true);
  const points = async () => (await live.locator("path.curve").nth(1).getAttribute("d")).split(/[ML]/).length - 1;
  const first = await points();
  await until(async () => (await points()) >= first + 2, "two more points");
  assert.match(await live.locator('[data-fit="1"]').textContent(), /effort: a third · step \d+ of 40/);
  assert.deepEqual(await axeViolations(page), []);
  await page.setViewportSize({ width: 320, height: 800 });
  await until(() => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "a narrow page");
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("the turn under way is shown with its step, and what comes of it without a reload", async () => {
  const page = await openTraining();
  const [newest] = await turnsNow();
  if (newest.state === "waiting") {
    assert.equal(await page.locator(`[data-underway="${newest.number}"]`).textContent(), `Turn ${newest.number}: wait for answers`);
    await page.locator('[data-step="gather"][aria-current="step"]').waitFor();
  }
  await secondVersion();
  await page.getByText("No turn is under way.").waitFor();
  const { id, number } = await ask("/v1/turns", { trigger: "person" });
  await page.locator(`[data-turn="${number}"]`).waitFor();
  const { state, verdict } = await until(async () => [await ask(`/v1/turns/${id}`)].find((turn) => turn.state !== "open"), "the turn's end or its questions");
  if (state === "waiting") {
    await ask(`/v1/turns/${id}/cancel`, { who: "trainer" }); // other tests have served rows, which it asks about
  }
  await page.getByText(`Turn ${number} ended last`).waitFor();
  if (state === "done") { // whether there were enough new labels hangs on what was answered before
    await page.locator(`[data-turn="${number}"]`, { hasText: verdict }).waitFor();
    assert.equal(await page.locator(`[data-turn="${number}"]`, { hasText: "not trained" }).count(), verdict === "no change" ? 1 : 0);
  }
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("afterwards every trial and the final fit have their curve, and those of the turn are shown", async () => {
  const { id } = (await turnsNow()).find((turn) => turn.number === 2);
  const fits = (await runsNow()).filter((run) => run.turn === id);
  assert.ok(fits.length > 2 && fits.some((run) => run.kind === "final"));
  for (const { kind, trial, metrics, peak_rss_bytes } of fits) {
    assert.ok(metrics.curve.length > 1, `${kind} ${trial}`);
    assert.deepEqual(metrics.curve.map(([step]) => step), metrics.curve.map((_, i) => i + 1));
    assert.ok(peak_rss_bytes === null || peak_rss_bytes > 1e6);
  }
  assert.deepEqual(await ask(`/v1/turns/${id}/fits`), { kind: null, trials: 0, fits: [] });
  const page = await openTraining({ at: `#/training/${id}` });
  const curves = page.getByRole("region", { name: "Loss curves" });
  await until(async () => (await curves.locator("path.curve").count()) === fits.length, "a curve of each fit");
  const newest = fits.find((run) => run.kind === "final").metrics.curve;
  await curves.getByRole("application").press("End");
  const step = Math.max(...fits.map((run) => run.metrics.curve.length));
  await curves.getByText(`Iteration ${step}`).waitFor();
  await curves.getByRole("button", { name: "Table" }).press("Enter");
  assert.equal(await curves.locator("tbody tr").count(), step);
  assert.ok(newest.length <= step);
  await page.getByLabel("Show the loss curve of final fit").uncheck();
  await curves.getByRole("button", { name: "Chart" }).press("Enter");
  await until(async () => (await curves.locator("path.curve").count()) === fits.length - 1, "one curve fewer");
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("the trials of a search are what the API says, in any order", async () => {
  const page = await openTraining();
  const search = (await turnsNow()).find((turn) => turn.number === 2);
  const trials = (await runsNow()).filter((run) => run.turn === search.id && run.kind === "trial");
  await page.locator('[data-turn="2"] a').press("Enter");
  await page.locator("[data-trial]").first().waitFor();
  assert.ok(new URL(page.url()).hash.endsWith(search.id));
  const shown = () => page.locator("[data-trial]").evaluateAll((rows) => rows.map((row) => Number(row.getAttribute("data-trial"))));
  const byLoss = trials.toSorted((a, b) => a.loss - b.loss).map((run) => run.trial);
  assert.deepEqual(await shown(), byLoss);
  await page.getByRole("button", { name: "Loss", exact: true }).press("Enter");
  assert.deepEqual(await shown(), byLoss.toReversed());
  await page.getByRole("button", { name: "strength" }).press("Enter");
  assert.deepEqual(await shown(), trials.toSorted((a, b) => a.settings.strength - b.settings.strength || a.trial - b.trial).map((run) => run.trial));
  assert.equal(await page.locator('th[aria-sort="ascending"]').textContent().then((text) => text.includes("strength")), true);
  // Settings that are not the defaults' are told by a word and a sign, not by colour alone.
  const defaults = trials.find((run) => run.trial === 0).settings;
  for (const { trial, settings } of trials) {
    const others = Object.keys(settings).filter((name) => settings[name] !== defaults[name]);
    assert.equal(await page.locator(`[data-trial="${trial}"] .other`).count(), others.length, `trial ${trial}`);
  }
  // Which one it is, and by how much, hangs on what people answered.
  const chosen = page.locator("[data-trial]", { hasText: "chosen" });
  assert.equal(await chosen.count(), 1);
  const number = Number(await chosen.getAttribute("data-trial"));
  const ofDefaults = trials.find((run) => run.trial === 0);
  const rivals = byLoss.filter((trial) => trial !== 0).map((trial) => trials.find((run) => run.trial === trial));
  const rival = rivals.find((run) => run.rung >= ofDefaults.rung && run.loss < ofDefaults.loss);
  const why = number !== 0 ? `Trial ${number}: its loss of` : rival ? `The defaults: trial ${rival.trial} had` : "The defaults: no trial with all of the effort had a lower loss";
  await page.getByText(why).waitFor();
  const decision = (await ask(`/v1/turns/${search.id}`)).decisions.find((one) => one.kind === "retrain");
  await page.locator("summary", { hasText: "Train?" }).press("Enter");
  await page.locator("details[open]").getByText(String(decision.numbers.new_labels), { exact: true }).waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("a turn is kept by a reload, and an unknown one is said", async () => {
  const first = (await turnsNow()).find((turn) => turn.number === 1);
  const page = await openTraining({ at: `#/training/${first.id}` });
  await page.getByRole("heading", { name: "Turn 1", exact: true }).waitFor();
  await page.getByText("There was no search").waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Turn 1", exact: true }).waitFor();
  await page.goto(page.url().replace(first.id, "nothing"));
  await page.getByText("There is no such turn.").waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("loss curves are laid over each other, read by key, and are a table and a CSV", async () => {
  const page = await openPage(browser);
  const { runs } = await ask(`/v1/models/${model}/runs?limit=1000`);
  const turns = await turnsNow();
  const curveOf = (run) => Array.from({ length: 20 }, (_, i) => 1 / (1 + i + run.trial));
  // What a fit reports while it runs, as its record has a place for it.
  await page.route("**/v1/models/*/runs*", (route) =>
    route.fulfill({ json: { runs: runs.map((run) => ({ ...run, metrics: { ...run.metrics, curve: curveOf(run) } })) } }),
  );
  await page.goto(page.url() + `#/training/${turns.find((turn) => turn.number === 2).id}`);
  const curves = page.getByRole("region", { name: "Loss curves" });
  await curves.getByRole("button", { name: "Choose none" }).press("Enter");
  await page.getByLabel("Show the loss curve of trial 1").check();
  await page.getByLabel("Show the loss curve of trial 3").check();
  await page.getByLabel("Show the loss curve of final fit").check();
  assert.equal(await curves.locator("path.curve").count(), 3);
  await page.getByRole("application", { name: "Loss curves" }).press("ArrowRight");
  await page.getByRole("application", { name: "Loss curves" }).press("ArrowRight");
  await curves.getByText("Iteration 2 · ").waitFor();
  await curves.getByText("turn 2, trial 3: 0.2").waitFor();
  assert.deepEqual(await axeViolations(page), []);
  const [file] = await Promise.all([page.waitForEvent("download"), curves.getByRole("button", { name: "CSV" }).press("Enter")]);
  const { default: fs } = await import("node:fs");
  const csv = fs.readFileSync(await file.path(), "utf8").split("\r\n");
  assert.equal(csv.length, 22);
  assert.equal(csv[0].replace("\uFEFF", "").split(",")[0], "Iteration");
  await curves.getByRole("button", { name: "Table" }).press("Enter");
  assert.equal(await curves.locator("tbody tr").count(), 20);
  await curves.getByRole("button", { name: "Chart" }).press("Enter");
  await page.setViewportSize({ width: 320, height: 800 });
  await until(() => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "a narrow chart");
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("axe finds nothing, light and dark, in both languages, and nothing is wider than the screen", async () => {
  const page = await openTraining();
  await page.locator("[data-trial]").first().waitFor();
  await page.locator("details summary").first().click();
  await cleanEverywhere(page);
  await page.context().close();
});
