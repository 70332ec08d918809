// SPDX-License-Identifier: Apache-2.0
// Dataset versions, what lies between two, and the history of one text, in a real browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, emptyUrl, model, openBrowser, openPage, until } from "./browser.mjs";
import { cleanEverywhere, kStrange, staysText } from "./everywhere.mjs";

let browser;
before(async () => {
  browser = await openBrowser();
  await sayAndTakeBack();
});
after(async () => browser?.close());

const kPerson = "도윤";
let said;

/** One question is answered, the answer taken back, and another given. */
async function sayAndTakeBack() {
  const { tasks } = await ask(`/v1/models/${model}/tasks?actor=${encodeURIComponent(kPerson)}&count=1`);
  const one = { actor: kPerson, task_id: tasks[0].task_id, t_shown: Date.now() - 1000, t_saved: Date.now() };
  const first = { ...one, event_id: crypto.randomUUID(), action: "answer", label: "economy" };
  const undo = { actor: kPerson, event_id: crypto.randomUUID(), action: "undo", target: first.event_id, t_shown: one.t_shown, t_saved: one.t_saved };
  const second = { ...one, event_id: crypto.randomUUID(), action: "answer", label: "sports" };
  for (const answer of [first, undo, second]) {
    assert.equal((await ask("/v1/labels", { answers: [answer] })).refused, 0);
  }
  said = (await ask(`/v1/models/${model}/label-events?actor=${encodeURIComponent(kPerson)}`)).events.toReversed();
}

const datasets = async () => (await ask("/v1/datasets?limit=1000")).datasets;
const open = (at, options = {}) => openPage(browser, { at, ...options });
const count = (n) => n.toLocaleString("en");
const moment = (time) => `${time.slice(0, 19).replace("T", " ")} UTC`;
/** The page that is tested, on the API of the empty project. */
async function openEmpty(at) {
  const page = await openPage(browser);
  await page.route(/\/v1\/(?!events$)/, async (route) => {
    const { pathname, search } = new URL(route.request().url());
    await route.fulfill({ response: await route.fetch({ url: `${emptyUrl}${pathname}${search}` }) });
  });
  await page.evaluate((to) => (location.hash = to), at);
  return page;
}

const rowsOf = (version, split) => Object.values(version.counts[split] ?? {}).reduce((sum, n) => sum + n, 0);

/** An older version without a few rows, which the small project has not; all its items are real. */
async function madeUp() {
  const real = (await datasets())[0];
  const { labels } = await itemsOfVersion();
  const older = {
    ...real, id: "ab".repeat(32), rows: real.rows - 12, created: "2026-01-01T00:00:00Z", message: "by hand <b>&", parent: null,
    counts: { train: { economy: 3, weather: 2 }, valid: {}, test: {} },
  };
  const difference = {
    before: older.id, after: real.id, added: { count: 12, items: labels.slice(0, 12) }, removed: { count: 1, items: ["cd".repeat(32)] }, moved: { count: 0, items: [] },
    relabelled: { count: 1, items: [{ item: labels[12], before: "economy", after: "sports" }] },
  };
  return { real, older, difference, versions: [{ ...real, parent: older.id }, older] };
}

async function itemsOfVersion() {
  const { events } = await ask(`/v1/models/${model}/label-events?limit=1000`);
  return { labels: [...new Set(events.filter((event) => event.actor_kind === "import").map((event) => event.item))] };
}

async function openMadeUp(made, at, options = {}) {
  const page = await openPage(browser, options);
  await page.route("**/v1/datasets?*", (route) => route.fulfill({ json: { datasets: made.versions } }));
  await page.route("**/diff/**", (route) => route.fulfill({ json: made.difference }));
  await page.evaluate((to) => (location.hash = to), at);
  return page;
}

test("versions and their counts are what the API says", async () => {
  const versions = await datasets();
  const page = await open("#/data");
  await page.locator("[data-version]").first().waitFor();
  assert.equal(await page.locator("[data-version]").count(), Math.min(10, versions.length));
  for (const [i, version] of versions.slice(0, 10).entries()) {
    const cells = await page.locator(`[data-version="${version.id}"] td`).allInnerTexts();
    assert.deepEqual(cells.slice(0, 8), [
      `version ${versions.length - i}`, version.created.slice(0, 19).replace("T", " "), version.author, version.message || "–", count(version.rows),
      ...["train", "valid", "test"].map((split) => count(rowsOf(version, split))),
    ]);
  }
  if (versions.length === 1) {
    await page.getByText("There is only one version").waitFor();
  }
  for (const label of ["economy", "politics", "sports"]) {
    const cells = await page.locator(`[data-class="${label}"] td`).allInnerTexts();
    const after = ["train", "valid", "test"].map((split) => count(versions[0].counts[split]?.[label] ?? 0));
    assert.deepEqual(cells.slice(0, 3).map((cell) => cell.split(" → ").at(-1)), after);
  }
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("the difference of two versions shows its texts, also after a reload", async () => {
  const made = await madeUp();
  const page = await openMadeUp(made, "#/data");
  const rows = page.locator("[data-item]");
  await rows.first().waitFor();
  const parts = await page.locator("[data-part]").allInnerTexts();
  assert.deepEqual(parts.map((part) => Number.parseInt(part, 10)), [12, 1, 0, 1]);
  assert.equal(await rows.count(), 10);
  await page.getByRole("button", { name: "Show more" }).focus();
  await page.keyboard.press("Enter");
  await until(async () => (await rows.count()) === 12, "the rest");
  const first = await ask(`/v1/items/${made.difference.added.items[0]}`);
  assert.equal(await rows.first().getByRole("link").innerText(), first.text);
  assert.equal(await rows.first().getByRole("link").getAttribute("href"), `#/data/item/${first.item}`);
  const names = { train: "Training", valid: "Validation", test: "Hold-out" };
  const standing = first.datasets.find((one) => one.dataset === made.real.id);
  await rows.first().getByText(`${names[standing.split]}: ${standing.label}`).waitFor();
  await page.locator('[data-part="removed"]').click();
  await page.getByText("This text is not there any more.").waitFor();
  page.problems = page.problems.filter((problem) => !problem.includes("404")); // the browser says itself that it was not found
  await page.locator('[data-part="relabelled"]').click();
  await page.getByText("economy → sports", { exact: true }).waitFor();
  assert.deepEqual((await page.locator('[data-class="weather"] td').allInnerTexts())[0], "2 → 0");
  await page.getByRole("combobox", { name: "From" }).selectOption(made.real.id);
  await page.getByText("These are the same version.").waitFor();
  await page.reload();
  await page.getByText("These are the same version.").waitFor();
  await page.goBack();
  await rows.first().waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("an item's history goes down to person and second, and knows what was taken back", async () => {
  const [first, undo, second] = said;
  const page = await open(`#/data/item/${first.item}`);
  const item = await ask(`/v1/items/${first.item}`);
  await page.locator("[data-step]").first().waitFor();
  assert.equal(await page.locator("[data-text]").innerText(), item.text);
  assert.equal(await page.locator("[data-label]").innerText(), `${item.label} (${item.label_agreeing} of ${item.label_answers} agree)`);
  const steps = await page.locator("[data-step]").evaluateAll((all) => all.map((one) => [one.dataset.step, one.querySelector("time").textContent, one.querySelector("p").textContent.trim()]));
  assert.deepEqual(steps[0], ["first_seen", moment(item.first_seen), "Seen for the first time"]);
  const own = steps.filter(([what]) => what === "said");
  assert.equal(own.length, item.events.length);
  assert.deepEqual(own.slice(-3), [
    ["said", moment(first.received), "labelled: economy undone"], ["said", moment(undo.received), "took back: labelled: economy"], ["said", moment(second.received), "labelled: sports"],
  ]);
  assert.equal(await page.locator(`[data-event="${first.event_id}"] s`).innerText(), "labelled: economy");
  await page.getByRole("link", { name: `by ${kPerson}` }).first().click();
  await page.getByRole("combobox", { name: "Whose" }).waitFor();
  assert.equal(await page.getByRole("combobox", { name: "Whose" }).inputValue(), kPerson);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("an imported item shows the version it went into, and leads there", async () => {
  const { labels } = await itemsOfVersion();
  const item = await ask(`/v1/items/${labels[0]}`);
  assert.ok(item.datasets.length > 0);
  const page = await open(`#/data/item/${item.item}`);
  const stay = page.locator('[data-step="stay"]').first();
  await stay.waitFor();
  await page.reload();
  await stay.waitFor();
  await stay.getByRole("link").first().click();
  await page.locator("[data-version]").first().waitFor();
  assert.ok((await page.evaluate(() => location.hash)).includes(item.datasets.at(-1).dataset) || item.datasets.length > 1);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("where nothing is, the page says so", async () => {
  const page = await openEmpty("#/data");
  await page.getByText("There is no dataset yet.").waitFor();
  assert.deepEqual(page.problems, []);
  await page.evaluate(() => (location.hash = `#/data/item/${"ef".repeat(32)}`));
  await page.getByText("There is no such text.").waitFor();
  await page.evaluate(() => (location.hash = "#/data/item/nonsense"));
  await page.getByText("There is no such text.").waitFor();
  await page.context().close();
});

test("strange texts stay texts, and nothing is wider than the page", async () => {
  const made = await madeUp();
  let number = 0;
  for (const at of ["#/data", `#/data/item/${said[0].item}`]) {
    const page = await openMadeUp(made, "#/", {});
    await page.route("**/v1/items/*", async (route) => {
      const response = await route.fetch();
      const json = await response.json();
      const text = kStrange[number++ % 3];
      json.events?.forEach((event) => (event.actor = text));
      await route.fulfill({ response, json: { ...json, text, origin: text, group_members: [{ item: "ab".repeat(32), text }] } });
    });
    await page.evaluate((to) => (location.hash = to), at);
    await page.locator("[data-item], [data-step]").first().waitFor();
    await staysText(page);
  }
});

test("axe finds nothing, light and dark, in both languages, and nothing is wider than the screen", async () => {
  const page = await openMadeUp(await madeUp(), "#/data");
  await page.locator("[data-item]").first().waitFor();
  await cleanEverywhere(page);
  await page.evaluate((to) => (location.hash = to), `#/data/item/${said[0].item}`);
  await page.locator("[data-step]").first().waitFor();
  await cleanEverywhere(page);
  await page.context().close();
});
