// SPDX-License-Identifier: Apache-2.0
// What people said, in a real browser: counts, agreement, the texts on which they differ, and the events.
import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, test } from "node:test";

import { ask, emptyUrl, labelEvents, model, openBrowser, openPage, until, url } from "./browser.mjs";
import { cleanEverywhere, kStrange, staysText } from "./everywhere.mjs";

const kFirst = "lena";
const kSecond = "민지";
const kLabels = ["economy", "politics", "sports"];

let browser;
before(async () => {
  browser = await openBrowser();
  await differ();
});
after(async () => browser?.close());

function answer(actor, task, label, rest = {}) {
  const now = Date.now();
  return { event_id: crypto.randomUUID(), actor, action: "answer", task_id: task, label, t_shown: now - 2500, t_saved: now, ...rest };
}

/** Two people answer the same questions, and differ in some; one answer is taken back. */
async function differ() {
  const { tasks } = await ask(`/v1/models/${model}/tasks?actor=${kFirst}&count=12`);
  assert.equal(tasks.length, 12);
  const first = tasks.map((task, i) => answer(kFirst, task.task_id, kLabels[i % 3]));
  const second = tasks.map((task, i) => answer(kSecond, task.task_id, kLabels[i < 4 ? (i + 1) % 3 : i % 3]));
  for (const answers of [first, second, [answer(kSecond, undefined, undefined, { action: "undo", target: second[11].event_id })]]) {
    const { refused, results } = await ask("/v1/labels", { answers });
    assert.equal(refused, 0, JSON.stringify(results));
  }
}

const annotators = () => ask(`/v1/models/${model}/annotators`);
const open = (options = {}) => openPage(browser, { at: "#/labels", ...options });
const count = (n) => n.toLocaleString("en");
const percent = (share) => new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(share);
const interval = ({ value, lower, upper, n }) => `${percent(value)} (${percent(lower)} – ${percent(upper)}, n ${count(n)})`;
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

const eventsShown = (page) => page.locator("[data-event]").evaluateAll((rows) => rows.map((row) => row.dataset.event));

/** Items to which one person gives the one label now, and another person the other. */
async function disputed(one, other) {
  const votes = new Map();
  for (const event of await labelEvents()) {
    if (event.action === "answer" && !event.undone && !event.gold) {
      votes.set(event.item, { ...votes.get(event.item), [event.actor]: event.label });
    }
  }
  return [...votes].filter(([, said]) => [one, other].every((label) => Object.values(said).includes(label))).map(([item]) => item);
}

test("counts, people and agreement are what the API says", async () => {
  const page = await open();
  const progress = await ask(`/v1/models/${model}/labels/progress`);
  const said = await annotators();
  for (const name of ["open", "answered", "skipped"]) {
    assert.equal(await page.locator(`[data-count="${name}"]`).innerText(), count(progress[name]));
  }
  assert.equal(await page.getByRole("link", { name: "Answer questions" }).getAttribute("href"), "#/label");
  assert.ok((await page.locator("[data-agreement]").innerText()).includes(interval(said.agreement)));
  assert.equal(await page.locator("[data-alpha]").innerText(), `Krippendorff's alpha ${new Intl.NumberFormat("en", { maximumSignificantDigits: 3 }).format(said.alpha)}`);
  assert.equal(await page.locator("[data-person]").count(), said.annotators.length);
  for (const one of said.annotators) {
    const cells = await page.locator(`[data-person="${one.actor}"] td`).allInnerTexts();
    assert.deepEqual(cells.slice(0, 4), [one.answers, one.skips, one.flags, one.undone].map(count));
    assert.equal(cells[5], one.agreement ? interval(one.agreement) : "–");
  }
  assert.equal((await page.locator(`[data-person="${kFirst}"] td`).allInnerTexts())[4], "2.5 s (n 12)");
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("the matrix is walked by keys down to the texts on which people differ, also after a reload", async () => {
  const page = await open();
  const { confused } = await annotators();
  await page.getByRole("grid").waitFor();
  for (const cell of await page.locator("[data-cell]").all()) {
    const name = await cell.getAttribute("aria-label");
    const pair = confused.find(({ labels }) => labels.every((label) => name.includes(label)));
    assert.equal(Number(await cell.innerText()), pair?.pairs ?? 0, name);
  }
  assert.equal(await page.locator('[data-cell][tabindex="0"]').count(), 1);
  await page.locator('[data-cell="0,0"]').focus();
  for (const key of ["ArrowDown", "ArrowRight", "ArrowRight", "Home", "ArrowUp"]) {
    await page.keyboard.press(key);
  }
  assert.equal(await page.locator("[data-cell]:focus").getAttribute("data-cell"), "0,0");
  await page.keyboard.press("Enter");
  const heading = page.getByRole("heading", { name: "economy or politics?" });
  await until(() => heading.evaluate((one) => one === document.activeElement), "the focus");
  const items = async () => page.locator("[data-disputes] [data-item]").evaluateAll((rows) => rows.map((row) => row.dataset.item));
  await page.locator("[data-disputes] [data-item]").first().waitFor();
  const expected = (await disputed("economy", "politics")).sort();
  assert.ok(expected.length > 0);
  assert.deepEqual((await items()).sort(), expected.slice(0, 20));
  assert.equal(await page.locator("[data-disputes] a").first().getAttribute("href"), `#/data/item/${(await items())[0]}`);
  await page.reload();
  await page.locator("[data-disputes] [data-item]").first().waitFor();
  assert.deepEqual((await items()).sort(), expected.slice(0, 20));
  await page.locator("[data-disputes] button").first().focus();
  await page.keyboard.press("Escape");
  await page.locator("[data-disputes]").waitFor({ state: "detached" });
  assert.equal(await page.locator("[data-cell]:focus").count(), 1);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("events are the newest, of one person if wanted, undone ones say so, and new ones come by themselves", async () => {
  const page = await open();
  const row = page.locator("[data-event]");
  await row.first().waitFor();
  const newest = async (query = "") => (await ask(`/v1/models/${model}/label-events?limit=60${query}`)).events;
  assert.deepEqual(await eventsShown(page), (await newest()).slice(0, 30).map((event) => event.event_id));
  await page.getByRole("button", { name: "Show more" }).last().click();
  await until(async () => (await row.count()) === 60, "more events");
  assert.deepEqual(await eventsShown(page), (await newest()).map((event) => event.event_id));
  await page.getByRole("combobox", { name: "Whose" }).selectOption(kSecond);
  const own = await newest(`&actor=${encodeURIComponent(kSecond)}`);
  await until(async () => (await row.count()) === own.length, "one person's events");
  assert.deepEqual(await eventsShown(page), own.map((event) => event.event_id));
  const undone = own.find((event) => event.undone);
  assert.equal(await page.locator(`[data-event="${undone.event_id}"] s`).innerText(), `labelled: ${undone.label}`);
  await page.locator(`[data-event="${undone.event_id}"]`).getByText("undone", { exact: true }).waitFor();
  await page.locator(`[data-event="${own[0].event_id}"]`).getByText(`took back: labelled: ${undone.label}`).waitFor();
  await page.reload();
  await until(async () => (await row.count()) === own.length, "the same after a reload");
  await ask("/v1/labels", { answers: [answer(kSecond, undone.task_id, "sports")] });
  await until(async () => (await row.count()) === own.length + 1, "the new one");
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("the labels are exported as the API gives them", async () => {
  const page = await open();
  const waited = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export the labels" }).click();
  const saved = await waited;
  assert.equal(saved.suggestedFilename(), `labels-${model}.csv`);
  assert.equal(fs.readFileSync(await saved.path(), "utf8"), await (await fetch(`${url}/v1/models/${model}/labels`)).text());
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("an empty project says what is not there yet", async () => {
  const page = await openEmpty("#/labels");
  for (const said of ["No question has been asked yet.", "Nobody has answered yet.", "Nobody has said anything yet.", "Krippendorff's alpha is not known"]) {
    await page.getByText(said).waitFor();
  }
  page.problems = page.problems.filter((problem) => !problem.includes("404")); // the browser says itself that there are no labels yet
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("strange texts stay texts, and nothing is wider than the page", async () => {
  const page = await openPage(browser);
  await page.route("**/label-events?*", async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    json.events.forEach((event, i) => Object.assign(event, { text: kStrange[i % 3], actor: event.actor + kStrange[i % 3].slice(0, 300) }));
    await route.fulfill({ response, json });
  });
  await page.evaluate(() => (location.hash = "#/labels?one=economy&other=politics"));
  await page.locator("[data-event]").first().waitFor();
  await page.locator("[data-disputes] [data-item]").first().waitFor();
  await staysText(page);
});

test("axe finds nothing, light and dark, in both languages, and nothing is wider than the screen", async () => {
  const page = await open({ at: "#/labels?one=economy&other=politics" });
  await page.locator("[data-disputes] [data-item]").first().waitFor();
  await page.locator("[data-event] s").first().waitFor();
  await cleanEverywhere(page);
  await page.context().close();
});
