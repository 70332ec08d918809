// SPDX-License-Identifier: Apache-2.0
// Labelling on a slow line: 400 ms until an answer begins, 50 kB a second.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, labelEvents, model, openBrowser, openPage, slowDown, until } from "./browser.mjs";

let browser;
before(async () => (browser = await openBrowser()));
after(async () => browser?.close());

const eventsOf = async (actor) => (await labelEvents()).filter((event) => event.actor === actor);
const taskOf = (page) => page.locator("[data-task]").getAttribute("data-task");

async function deskOf(name) {
  const page = await openPage(browser, { at: "#/label", prepare: slowDown });
  await page.getByRole("textbox").fill(name);
  await page.keyboard.press("Enter");
  await page.locator("[data-task]").waitFor();
  return page;
}

/** Answers as fast as the page lets one; what was said, in order. */
async function answer(page, keys) {
  const said = [];
  for (const key of keys) {
    const task = await taskOf(page);
    await page.keyboard.press(key);
    await until(async () => (await taskOf(page)) !== task, "the next task");
    said.push([task, key]);
  }
  return said;
}

test("answers given faster than the line carries them are saved once and in order, with a reload in their midst", async () => {
  const page = await deskOf("slow");
  const said = await answer(page, ["Digit1", "Digit2", "Digit3", "Digit1", "Digit1", "Digit2", "Digit3", "Digit2"]);
  await page.getByText(/\d answers? not sent yet/).waitFor();
  assert.ok((await eventsOf("slow")).length < said.length, "the line was not slow");
  await page.reload();
  await page.locator("[data-task]").waitFor();
  said.push(...(await answer(page, ["Digit3", "Digit1", "Digit2", "Digit2"])));
  await page.reload();
  await page.locator("[data-task]").waitFor();
  const events = await until(async () => ((await eventsOf("slow")).length >= said.length ? eventsOf("slow") : null), "all events");
  await page.getByText("not sent yet").waitFor({ state: "detached" });
  const { labels } = (await ask(`/v1/models/${model}/tasks?actor=slow&count=1`)).tasks[0];
  const expected = said.map(([task, key]) => [task, "answer", labels[Number(key.at(-1)) - 1]]);
  assert.deepEqual(events.map((event) => [event.task_id, event.action, event.label]), expected);
  assert.equal(new Set(said.map(([task]) => task)).size, said.length, "no text was asked about twice");
  assert.deepEqual(page.problems, []);
  await page.context().close();
});
