// SPDX-License-Identifier: Apache-2.0
// Rows that may have several labels, from a file without labels to the labels as a file, by keyboard only.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { axeViolations, openBrowser, openPage, until } from "./browser.mjs";
import { headlines } from "./headlines.mjs";
import { ownServer } from "./own_server.mjs";

const kModel = "tags";
const kRows = 300; // each person has twenty and more on loan

let browser, server;
before(async () => {
  server = await ownServer((flywheel, project, folder) => {
    flywheel("init", project, "--model", kModel, "--several-labels", "--labels", "economy,politics,sports");
    const file = path.join(folder, "rows.csv");
    fs.writeFileSync(file, ["title,tags", ...headlines(kRows, 5).map((text) => `${text},`), "both at once,sports; economy"].join("\n") + "\n");
    const said = flywheel("import", file, "--dir", project, "--text", "title", "--label", "tags", "--ask");
    assert.match(said, /asked {6}300 rows/);
  });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function ask(address) {
  const response = await fetch(server.url + address);
  return response.headers.get("content-type").includes("json") ? response.json() : response.text();
}

async function events() {
  return (await ask(`/v1/models/${kModel}/label-events`)).events.filter((event) => event.actor_kind === "human").reverse();
}

async function deskOf(name, options = {}) {
  const page = await openPage(browser, { at: "#/label", server: server.url, ...options });
  await page.getByRole("textbox").fill(name);
  await page.keyboard.press("Enter");
  await page.locator("[data-task]").waitFor();
  return page;
}

const taskOf = (page) => page.locator("[data-task]").getAttribute("data-task");
const ticked = (page) => page.getByRole("group").locator('button[aria-pressed="true"]').allTextContents();

test("digits tick, space saves all that is ticked, and the label is a set", async () => {
  const page = await deskOf("tick");
  const first = await taskOf(page);
  for (const key of ["3", "1", "2", "2"]) {
    await page.keyboard.press(key);
  }
  assert.deepEqual((await ticked(page)).map((text) => text.replaceAll(/[^a-z]/g, "")), ["economy", "sports"]);
  assert.equal(await taskOf(page), first);
  await page.keyboard.press("Space");
  await until(async () => (await taskOf(page)) !== first, "the next task");
  assert.deepEqual(await ticked(page), []);
  const [event] = await until(async () => ((await events()).length === 1 ? events() : undefined), "the answer");
  assert.deepEqual([event.task_id, event.labels, event.label], [first, ["economy", "sports"], "economy; sports"]);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("nothing ticked is asked twice, then saved as none of them", async () => {
  const page = await deskOf("none");
  const first = await taskOf(page);
  await page.keyboard.press("Space");
  await page.getByText("press again").waitFor();
  assert.equal(await taskOf(page), first);
  await page.keyboard.press("Space");
  await until(async () => (await taskOf(page)) !== first, "the next task");
  await until(async () => (await events()).some((event) => event.task_id === first && event.labels.length === 0), "the answer");
  await page.context().close();
});

test("undo brings the ticks back, also those of an earlier session; a search ticks too", async () => {
  const page = await deskOf("undo");
  const first = await taskOf(page);
  await page.keyboard.press("2");
  await page.keyboard.press("/");
  await page.getByRole("dialog").getByRole("textbox").fill("spo");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("Space");
  await until(async () => (await taskOf(page)) !== first, "the next task");
  await until(async () => (await events()).some((event) => event.task_id === first), "the answer");
  await page.reload();
  await page.locator("[data-task]").waitFor();
  await page.keyboard.press("u");
  await until(async () => (await taskOf(page)) === first, "the task again");
  assert.deepEqual((await ticked(page)).map((text) => text.replaceAll(/[^a-z]/g, "")), ["politics", "sports"]);
  await page.keyboard.press("2");
  await page.keyboard.press("Space");
  const last = await until(async () => (await events()).filter((event) => event.task_id === first && event.action === "answer" && !event.undone).at(-1), "the new answer");
  await until(async () => (await events()).filter((event) => event.task_id === first).length === 3, "undo and answer");
  assert.deepEqual((await events()).filter((event) => event.task_id === first).at(-1).labels, ["sports"], JSON.stringify(last));
  await page.context().close();
});

test("where people differ, ticks decide", async () => {
  const first = (await events()).find((event) => event.actor === "tick");
  const body = JSON.stringify({ task_id: first.task_id, actor: "differs", labels: ["politics", "sports"] });
  assert.ok((await fetch(`${server.url}/v1/labels`, { method: "POST", body, headers: { "Content-Type": "application/json" } })).ok);
  const page = await openPage(browser, { at: "#/labels", server: server.url });
  const item = page.locator(`[data-item="${first.item}"]`);
  await item.waitFor();
  await page.locator("[data-review]").locator("xpath=..").getByRole("textbox").first().fill("boss");
  await page.locator("[data-review]").focus();
  // As in a tie, what was said first is ticked.
  const pressed = () => item.locator('button[aria-pressed="true"]').allTextContents();
  await until(async () => (await pressed()).length === 2, "the ticks of the first answer");
  await page.keyboard.press("1");
  await page.keyboard.press("Space");
  await item.locator(".decided").waitFor();
  const { label, label_decided: decided } = await ask(`/v1/items/${first.item}`);
  assert.deepEqual([label, decided], ["sports", true]);
  await page.keyboard.press("u");
  await until(async () => !(await ask(`/v1/items/${first.item}`)).label_decided, "the undo");
  assert.equal((await ask(`/v1/items/${first.item}`)).label, "economy; sports");
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("the labels are a file that an import reads again", async () => {
  const csv = await ask(`/v1/models/${kModel}/labels`);
  assert.match(csv, /both at once,economy;sports,1,1,/);
  assert.match(csv, /,;,1,1,/); // none of them, which is not the same as no label
  const items = new Set((await events()).filter((event) => event.action === "answer" && !event.undone).map((event) => event.item));
  assert.equal(csv.trim().split("\n").length, 1 + 1 + items.size);
});

test("the turn keeps them as a version of the dataset and trains nothing", async () => {
  const response = await fetch(`${server.url}/v1/turns`, { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } });
  assert.ok(response.ok);
  const turn = await until(async () => (await ask("/v1/turns?limit=1")).turns.find((one) => one.ended !== null), "its end", 60_000);
  assert.equal(turn.state, "done", turn.error);
  assert.match(JSON.stringify(turn.summary), /no engine learns rows of several labels yet/);
  const { datasets } = await ask(`/v1/datasets?model=${kModel}`);
  const counts = typeof datasets[0].counts === "string" ? JSON.parse(datasets[0].counts) : datasets[0].counts;
  const sports = ["train", "valid", "test"].reduce((sum, split) => sum + (counts[split]?.sports ?? 0), 0);
  assert.ok(sports >= 3, JSON.stringify(counts));
  const page = await openPage(browser, { at: "#/data", server: server.url });
  await page.getByText("sports").first().waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("axe finds nothing, light and dark, in both languages", async () => {
  for (const language of ["en", "ko"]) {
    for (const dark of [false, true]) {
      const page = await deskOf(`axe-${language}-${dark}`, { language, dark });
      await page.keyboard.press("1");
      assert.deepEqual(await axeViolations(page), []);
      await page.context().close();
    }
  }
});
