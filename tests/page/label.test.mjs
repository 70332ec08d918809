// SPDX-License-Identifier: Apache-2.0
// Labelling in a real browser, by keyboard only.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, labelEvents, model, openBrowser, openPage, strangeUrl, until } from "./browser.mjs";
import { cleanEverywhere, fits } from "./everywhere.mjs";
import { topicOf } from "./headlines.mjs";

let browser;
before(async () => (browser = await openBrowser()));
after(async () => browser?.close());

async function deskOf(name, options = {}) {
  const page = await openPage(browser, { at: "#/label", ...options });
  await page.getByRole("textbox").fill(name);
  await page.keyboard.press("Enter");
  await page.locator("[data-task]").waitFor();
  return page;
}

const taskOf = (page) => page.locator("[data-task]").getAttribute("data-task");
const eventsOf = async (actor) => (await labelEvents()).filter((event) => event.actor === actor);

test("digits choose and move on, a skip has its reason, and each is saved once", async () => {
  const page = await deskOf("kim");
  const first = await taskOf(page);
  await page.keyboard.press("Digit1");
  await until(async () => (await taskOf(page)) !== first, "the next task");
  const second = await taskOf(page);
  await page.keyboard.press("s");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Digit2");
  await until(async () => (await taskOf(page)) !== second, "the next task");
  const events = await until(async () => ((await eventsOf("kim")).length === 2 ? eventsOf("kim") : null), "two events");
  assert.deepEqual(events.map((event) => [event.task_id, event.action]), [[first, "answer"], [second, "skip"]]);
  assert.equal(events[0].label, "economy");
  assert.equal(events[1].reason, "None of the labels fits");
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("undo and redo, also after the page was loaded anew", async () => {
  const page = await deskOf("undoer");
  const tasks = [];
  for (const key of ["Digit1", "Digit2", "Digit3"]) {
    tasks.push(await taskOf(page));
    await page.keyboard.press(key);
    await until(async () => !tasks.includes(await taskOf(page)), "the next task");
  }
  await until(async () => (await eventsOf("undoer")).length === 3, "three events");
  await page.reload();
  await page.locator("[data-task]").waitFor();
  for (const task of tasks.toReversed()) {
    await page.keyboard.press("u");
    await until(async () => (await taskOf(page)) === task, "the task before");
  }
  await until(async () => (await eventsOf("undoer")).length === 6, "three undos");
  await page.keyboard.press("Shift+U");
  const events = await until(async () => ((await eventsOf("undoer")).length === 7 ? eventsOf("undoer") : null), "a redo");
  assert.deepEqual(events.map((event) => event.undone), [false, true, true, false, false, true, false]);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("nothing is lost without a line, nor by a reload, and each answer is sent once", async () => {
  const page = await deskOf("offline");
  await page.context().setOffline(true);
  const tasks = [];
  for (let i = 0; i < 4; ++i) {
    tasks.push(await taskOf(page));
    await page.keyboard.press("Digit2");
    await until(async () => !tasks.includes(await taskOf(page)), "the next task");
  }
  await page.getByText("4 answers not sent yet").waitFor();
  assert.equal((await eventsOf("offline")).length, 0);
  await page.context().setOffline(false);
  await page.reload();
  const events = await until(async () => ((await eventsOf("offline")).length === 4 ? eventsOf("offline") : null), "four events");
  assert.deepEqual(events.map((event) => event.task_id), tasks);
  await page.getByText("not sent yet").waitFor({ state: "detached" });
  await page.context().close();
});

test("two people never get the same task", async () => {
  const pages = await Promise.all([deskOf("left"), deskOf("right")]);
  for (let i = 0; i < 6; ++i) {
    const here = await Promise.all(pages.map(taskOf));
    assert.notEqual(here[0], here[1]);
    await Promise.all(pages.map((page) => page.keyboard.press("Digit1")));
    await Promise.all(pages.map((page, p) => until(async () => (await taskOf(page)) !== here[p], "the next task")));
  }
  await until(async () => (await eventsOf("left")).length === 6 && (await eventsOf("right")).length === 6, "twelve events");
  const tasks = [...(await eventsOf("left")), ...(await eventsOf("right"))].map((event) => event.task_id);
  assert.equal(new Set(tasks).size, 12);
  await Promise.all(pages.map((page) => page.context().close()));
});

test("Hangul under composition is no key, and a Korean layout changes none", async () => {
  const page = await deskOf("한글", { language: "ko" });
  const task = await taskOf(page);
  const send = (init) => page.evaluate((event) => document.body.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...event })), init);
  await send({ code: "Digit1", key: "1", isComposing: true });
  await send({ code: "KeyA", key: "Process", keyCode: 229 });
  await page.keyboard.press("f");
  const field = page.getByRole("dialog").getByRole("textbox");
  await field.waitFor();
  // As an input method types: the letters stand in the field while they are composed.
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Input.imeSetComposition", { text: "모호하", selectionStart: 3, selectionEnd: 3 });
  assert.equal(await taskOf(page), task);
  await devtools.send("Input.insertText", { text: "모호함" });
  assert.equal(await field.inputValue(), "모호함");
  await page.keyboard.press("Enter");
  const flagged = await until(async () => (await eventsOf("한글"))[0], "a flag");
  assert.equal(flagged.reason, "모호함");
  assert.equal(await taskOf(page), task);
  await send({ code: "Digit3", key: "3" });
  await send({ code: "KeyU", key: "ㅕ" });
  const events = await until(async () => ((await eventsOf("한글")).length === 3 ? eventsOf("한글") : null), "answer and undo");
  assert.deepEqual(events.map((event) => event.action), ["flag", "answer", "undo"]);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("the keys are shown, the guideline stands beside the task", async () => {
  const page = await deskOf("reader");
  await page.keyboard.press("Shift+Slash");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("g");
  await page.getByText("Money before names.").waitFor();
  await page.getByText("Examples").waitFor();
  await page.context().close();
});

test("strange texts stay texts", async () => {
  const page = await deskOf("careful", { server: strangeUrl });
  const seen = [];
  const kinds = [["script", "<script>"], ["long", "x".repeat(10_000)], ["arabic", "مرحبا"]];
  while ((await page.locator("[data-task]").count()) > 0) {
    const text = await page.locator("[data-task]").textContent();
    for (const [name, part] of kinds.filter(([, part]) => text.includes(part))) {
      seen.push(name);
      assert.equal(await page.locator("[data-task] *").count(), 0);
      await fits(page);
    }
    const task = await taskOf(page);
    await page.keyboard.press("s");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Digit1");
    await until(async () => (await page.locator("[data-task]").count()) === 0 || (await taskOf(page)) !== task, "the next task");
  }
  assert.deepEqual(seen.sort(), ["arabic", "long", "script"]);
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("axe finds nothing, light and dark, in both languages, and nothing is wider than the screen", async () => {
  const page = await deskOf("axe");
  await cleanEverywhere(page);
  await page.keyboard.press("g");
  await page.locator("dl dt").first().waitFor();
  await page.keyboard.press("Shift+Slash");
  await page.getByRole("dialog").waitFor();
  await cleanEverywhere(page);
  await page.context().close();
});

test("people's answers are counted and compared", async () => {
  const report = await ask(`/v1/models/${model}/annotators`);
  assert.ok(report.annotators.some((person) => person.actor === "left" && person.answers === 6));
  assert.ok(report.items > 12);
});

test("a accepts the suggestion, which some tasks do not show", async () => {
  const tasks = async (count) => (await ask(`/v1/models/${model}/tasks?actor=auditor&count=${count}`)).tasks;
  const states = new Set();
  // Suggestions are off until a hundred answers to audit questions, four of ten, have shown how good they are.
  for (let answered = 0; answered < 320; answered += 40) {
    const some = await tasks(40);
    some.forEach((task) => states.add(`${answered} ${task.suggestion_state}`));
    await ask("/v1/labels", { answers: some.map((task) => ({ task_id: task.task_id, actor: "auditor", label: topicOf(task.text) })) });
  }
  assert.deepEqual([...states].filter((state) => state.startsWith("0 ")), ["0 off"]);
  const shown = await tasks(100);
  const share = shown.filter((task) => task.suggestion_state === "hidden").length / shown.length;
  assert.ok(share > 0.05 && share < 0.4, `${share} of ${shown.length} hidden: ${[...states, ...shown.map((task) => task.suggestion_state)]}`);
  assert.ok(shown.every((task) => (task.suggestion_state === "shown") === (task.suggestion !== null)));

  const page = await deskOf("trusting");
  for (let i = 0; i < 40 && (await page.getByText("Suggested:").count()) === 0; ++i) {
    const before = await taskOf(page);
    await page.keyboard.press("a"); // nothing to accept: nothing happens
    assert.equal(await taskOf(page), before);
    await page.keyboard.press("Digit1");
    await until(async () => (await taskOf(page)) !== before, "the next task");
  }
  const suggested = /Suggested: (\S+)/.exec(await page.getByText("Suggested:").textContent())[1];
  const task = await taskOf(page);
  await page.keyboard.press("a");
  await until(async () => (await taskOf(page)) !== task, "the next task");
  const event = await until(async () => (await eventsOf("trusting")).find((one) => one.task_id === task), "the answer");
  assert.equal(event.label, suggested);
  await page.context().close();
});
