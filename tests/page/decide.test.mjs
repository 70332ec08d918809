// SPDX-License-Identifier: Apache-2.0
// Deciding where people differ, in a real browser by keyboard, and gold labels: two people who differ, one who decides, one who is measured.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, axeViolations, model, openBrowser, openPage, until } from "./browser.mjs";

const kOne = "보라";
const kOther = "otto";
const kJudge = "judith";
const kLabels = ["economy", "politics", "sports"];

let browser;
let items;
before(async () => {
  browser = await openBrowser();
  await differ();
});
after(async () => browser?.close());

const path = `/v1/models/${model}`;
const review = (decided = 0) => ask(`${path}/review?decided=${decided}`);

/** Two people answer the same eight questions, the first six differently. */
async function differ() {
  const { tasks } = await ask(`${path}/tasks?actor=${encodeURIComponent(kOne)}&count=8`);
  for (const [actor, shift] of [[kOne, 0], [kOther, 1]]) {
    const answers = tasks.map((task, i) => ({ actor, task_id: task.task_id, label: kLabels[(i + (i < 6 ? shift : 0)) % 3] }));
    assert.equal((await ask("/v1/labels", { answers })).refused, 0);
  }
  const { events } = await ask(`${path}/label-events?actor=${kOther}`);
  items = events.map((event) => event.item).reverse().slice(0, 6);
}

async function open(options = {}) {
  const page = await openPage(browser, { at: "#/labels", ...options });
  await page.locator("[data-review]").waitFor();
  return page;
}

const current = (page) => page.locator("[data-review] li[aria-current]");
/** Who answered it; other tests made people differ, too. */
async function answerersOf(item) {
  const { events } = await ask(`${path}/label-events?item=${item}`);
  return [...new Set(events.filter((event) => event.action === "answer" && !event.undone).map((event) => event.actor))];
}
const labelOf = async (item) => (await ask(`/v1/items/${item}`)).label;

test("what people differ on is listed without names, decided by keys, and undone", async () => {
  const page = await open();
  const { items: waiting } = await review();
  assert.ok(items.every((item) => waiting.some((one) => one.item === item)));
  const shown = () => page.locator("[data-review] li[data-item]").evaluateAll((rows) => rows.map((row) => row.dataset.item));
  assert.deepEqual(await shown(), waiting.map((one) => one.item));
  assert.ok(!(await page.locator("[data-review]").innerText()).includes(kOther));
  await page.getByRole("textbox", { name: "Your name" }).fill(kJudge);
  await page.locator("[data-review]").focus();

  const [first, second, third] = waiting;
  await page.keyboard.press("3");
  await page.locator(`[data-item="${first.item}"][data-decided="sports"]`).waitFor();
  assert.equal(await labelOf(first.item), "sports");
  const names = await page.locator(`[data-item="${first.item}"]`).innerText();
  assert.ok((await answerersOf(first.item)).every((name) => names.includes(name)), names);

  await page.keyboard.press("j");
  assert.equal(await current(page).getAttribute("data-item"), second.item);
  await page.keyboard.press("c");
  await page.keyboard.type("as the guideline says 1");
  await page.keyboard.press("Enter");
  await page.keyboard.press("a");
  await page.locator(`[data-item="${second.item}"][data-decided="${second.majority}"]`).waitFor();
  assert.equal((await review(1)).items.find((one) => one.item === second.item).decided.comment, "as the guideline says 1");

  await page.keyboard.press("j");
  assert.equal(await current(page).getAttribute("data-item"), third.item);
  await page.keyboard.press("k");
  await page.keyboard.press("k");
  await page.keyboard.press("u");
  await page.locator(`[data-item="${second.item}"]:not([data-decided])`).waitFor();
  assert.equal(await current(page).getAttribute("data-item"), second.item);
  assert.deepEqual((await review(1)).items.map((one) => one.item), [first.item]);
  const hidden = await page.locator(`[data-item="${second.item}"]`).innerText();
  assert.ok((await answerersOf(second.item)).every((name) => !hidden.includes(name)), hidden);

  await page.keyboard.press("Shift+Slash");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" }).catch(() => undefined);
  // Keys mean something only while the list has the focus.
  await page.getByRole("button", { name: "Export the labels" }).focus();
  await page.keyboard.press("1");
  assert.equal((await review(1)).items.length, 1);
  await page.reload();
  await page.locator("[data-review]").waitFor();
  await until(async () => (await shown()).length === waiting.length - 1, "what waits after a reload");
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("a gold label is asked as any other question and measures who answers it", async () => {
  const page = await open();
  await page.getByRole("textbox", { name: "Your name" }).fill(kJudge);
  await page.locator("[data-review]").focus();
  const item = await current(page).getAttribute("data-item");
  await page.keyboard.press("g"); // not before it is decided
  await page.getByText("Decide it first").waitFor();
  await page.keyboard.press("1");
  await page.locator(`[data-item="${item}"][data-decided="economy"]`).waitFor();
  await page.keyboard.press("g");
  await page.getByText("gold: economy").waitFor();
  assert.ok((await ask(`/v1/items/${item}`)).label_gold);

  const shapes = new Set();
  const { text } = await ask(`/v1/items/${item}`);
  let met = false;
  for (let i = 0; i < 40 && !met; ++i) {
    const { tasks } = await ask(`${path}/tasks?actor=noah&count=1`);
    met = tasks[0].text === text;
    shapes.add(Object.keys(tasks[0]).join());
    await ask("/v1/labels", { actor: "noah", task_id: tasks[0].task_id, label: "politics" });
  }
  assert.ok(met, "the gold question among forty");
  assert.equal(shapes.size, 1);
  assert.equal(await labelOf(item), "economy");
  const noah = (await ask(`${path}/annotators`)).annotators.find((one) => one.actor === "noah");
  assert.deepEqual([noah.gold.value, noah.gold.n], [0, 1]);
  await until(async () => /0\.0% \(0\.0% – 79\.\d%, n 1\)/.test(await page.locator('[data-person="noah"] [data-gold]').innerText()), "the person's gold share");
  for (const name of [kOne, kOther]) {
    assert.equal(await page.locator(`[data-person="${name}"] [data-gold]`).innerText(), "–");
  }
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("the anchoring card says what is not known yet", async () => {
  const page = await open();
  await page.getByRole("heading", { name: "Do suggestions pull people?" }).waitFor();
  assert.equal((await ask(`${path}/anchoring`)).difference, null);
  await page.context().close();
});

test("suggestions that pull people are told with their numbers, and the label page says why they are off", async () => {
  const page = await openPage(browser);
  const pull = {
    schema_version: 1, visible: { value: 0.8, lower: 0.69, upper: 0.878, n: 70 }, hidden: { value: 0.6, lower: 0.49, upper: 0.7, n: 80 },
    difference: { value: 0.2, lower: 0.0524, upper: 0.3339 }, most: 0.05, switched_off: true, seconds_visible: { median: 2, n: 300 }, seconds_hidden: { median: 6, n: 80 },
  };
  await page.route("**/anchoring", (route) => route.fulfill({ json: pull }));
  await page.route("**/tasks?**", async (route) => {
    const response = await route.fetch();
    const told = await response.json();
    await route.fulfill({ response, json: { ...told, tasks: told.tasks.map((task) => ({ ...task, suggestion: null, suggestion_state: "off", suggestion_off_because: "anchoring" })) } });
  });
  await page.evaluate(() => (location.hash = "#/labels"));
  await page.locator("[data-pull]").waitFor();
  assert.equal(await page.locator("[data-pull]").innerText(), "20 points");
  for (const words of ["95 % interval 5.24 to 33.4 points", "80.0% (69.0% – 87.8%, n 70)", "2 s with it (n 300), 6 s without (n 80)", "Suggestions are switched off: the pull is beyond doubt more than 5 points."]) {
    await page.getByText(words).waitFor();
  }
  assert.deepEqual(await axeViolations(page), []);
  await page.evaluate(() => (location.hash = "#/label"));
  await page.getByRole("textbox").fill("doubter");
  await page.keyboard.press("Enter");
  await page.getByText("Suggestions are switched off.").waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("axe finds nothing, light and dark, in both languages, and nothing is cut off", async () => {
  for (const language of ["en", "ko"]) {
    for (const dark of [false, true]) {
      const page = await open({ language, dark });
      assert.deepEqual(await axeViolations(page), []);
      await page.context().close();
    }
  }
  for (const width of [320, 2560]) {
    const page = await open({ width });
    assert.ok(!(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)), `${width}`);
    await page.context().close();
  }
});
