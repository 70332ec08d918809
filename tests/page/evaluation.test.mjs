// SPDX-License-Identifier: Apache-2.0
// The evaluation view in a real browser, on a project of its own whose second version was judged on people's answers.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { model, openBrowser, openPage, until } from "./browser.mjs";
import { cleanEverywhere, kStrange, staysText } from "./everywhere.mjs";
import { chance, headlines, kLabels, topicOf } from "./headlines.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const program = process.env.FLYWHEEL ?? path.join(root, "build/release/flywheel");

let browser, folder, api, server;
const children = [];

async function ask(address, body) {
  const post = { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const response = await fetch(api + address, body === undefined ? {} : post);
  assert.ok(response.ok, `${address}: ${response.status} ${response.ok ? "" : await response.text()}`);
  return response.json();
}

/** Starts it, and waits for a line that says where it listens. */
async function started(command, words, options, pattern) {
  const child = spawn(command, words, { stdio: ["ignore", "pipe", "ignore"], ...options });
  children.push(child);
  let said = "";
  child.stdout.on("data", (piece) => (said += piece));
  return until(() => pattern.exec(said)?.[1], `${command} ${words[0]}`, 60_000);
}

async function makeProject() {
  const project = path.join(folder, "project");
  const flywheel = (...words) => execFileSync(program, words, { stdio: ["ignore", "ignore", "pipe"] });
  flywheel("init", project, "--model", model);
  const settings = path.join(project, "flywheel.toml");
  fs.writeFileSync(settings, fs.readFileSync(settings, "utf8").replace(/^label_share = \S+/m, "label_share = 1.0"));
  const file = path.join(folder, "rows.csv");
  fs.writeFileSync(file, ["title,topic", ...headlines(150, 1).map((text) => `${text},${topicOf(text)}`)].join("\n") + "\n");
  flywheel("import", file, "--dir", project, "--text", "title", "--label", "topic");
  flywheel("turn", project);
  api = await started(program, ["serve", project, "--port", "0"], {}, / at (http\S+)/);
  const texts = headlines(450, 7);
  for (let begin = 0; begin < texts.length; begin += 50) {
    const data = texts.slice(begin, begin + 50);
    await ask(`/v2/models/${model}/infer`, { id: `round-${begin}`, inputs: [{ name: "text", shape: [data.length], datatype: "BYTES", data }] });
  }
  await ask("/v1/turns", {});
  await until(async () => (await ask("/v1/status")).turn?.state === "waiting", "the questions", 60_000);
}

/** People who err in a fifth of all answers, so that no version can be right everywhere. */
async function answerAll() {
  const pick = chance(3);
  let number = 0;
  for (;;) {
    const { tasks } = await ask(`/v1/models/${model}/tasks?actor=judith&count=50`);
    if (tasks.length === 0) {
      return;
    }
    const now = Date.now();
    const answers = tasks.map((task) => {
      const topic = kLabels.indexOf(topicOf(task.text));
      const label = kLabels[pick(5) === 0 ? (topic + 1 + pick(2)) % 3 : topic];
      return { event_id: uuidv7(++number), actor: "judith", action: "answer", task_id: task.task_id, label, t_shown: now - 1000, t_saved: now };
    });
    assert.equal((await ask("/v1/labels", { answers })).refused, 0);
  }
}

function uuidv7(number) {
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, "0")}`;
}

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "flywheel-evaluation-"));
  await makeProject();
  await answerAll();
  await until(async () => (await evaluations()).length === 2, "the second evaluation", 120_000);
  server = process.env.PAGE_PORT ? await fromSource(Number(process.env.PAGE_PORT) + 10_000) : api;
  browser = await openBrowser();
});

/** As page_test.py does: the page as it stands in web/src. */
async function fromSource(port) {
  const web = path.join(root, "web");
  await started(process.execPath, [path.join(web, "node_modules/vite/bin/vite.js"), "--host", "127.0.0.1", "--port", String(port), "--strictPort"],
    { cwd: web, env: { ...process.env, FLYWHEEL_URL: api, NO_COLOR: "1" } }, /(ready)/);
  return `http://127.0.0.1:${port}`;
}

after(async () => {
  await browser?.close();
  for (const child of children) {
    child.kill("SIGTERM");
    await new Promise((done) => (child.exitCode !== null ? done() : child.once("exit", done)));
  }
  fs.rmSync(folder, { recursive: true, force: true });
});

const evaluations = async () => (await ask(`/v1/models/${model}/evaluations`)).evaluations;
const rowsOf = async (evaluation) => ask(`/v1/models/${model}/evaluations/${evaluation.id}/rows`);
const open = async (options = {}) => openPage(browser, { at: "#/evaluation", server, ...options });
const percent = (share) => new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(share);
/** A cell of wrong answers that has rows: which one does is up to chance. */
function wrongCell(rows) {
  const { truth, challenger } = rows.find((row) => row.truth !== row.challenger.label);
  return { truth, said: challenger.label, line: kLabels.indexOf(truth), column: kLabels.indexOf(challenger.label) };
}

const matrixOf = (page) => page.getByRole("grid");
const items = (page) => page.locator("[data-rows] [data-item]").evaluateAll((rows) => rows.map((row) => row.dataset.item));

test("what is shown is what the API says", async () => {
  const [evaluation, first] = await evaluations();
  const { rows, challenger, champion } = await rowsOf(evaluation);
  assert.equal(rows.length, evaluation.n);
  assert.ok(evaluation.n > 20);
  const page = await open();
  await matrixOf(page).waitFor();
  const options = await page.getByRole("combobox", { name: "Evaluation" }).locator("option").evaluateAll((all) => all.map((one) => one.value));
  assert.deepEqual(options, [evaluation.id, first.id]);
  await page.getByText(evaluation.reason, { exact: true }).waitFor();
  const shares = await page.locator("figure", { hasText: "Accuracy: the share" }).locator(".numbers p").allTextContents();
  for (const [i, [who, name]] of [["challenger", `Challenger (version ${challenger})`], ["champion", `Champion (version ${champion})`]].entries()) {
    const right = rows.filter((row) => row[who].label === row.truth).length;
    assert.ok(shares[i].startsWith(`${name}: ${percent(right / rows.length)} (`) && shares[i].endsWith(`, n ${rows.length})`), shares[i]);
  }
  const both = rows.filter((row) => row.challenger.label === row.truth && row.champion.label === row.truth).length;
  assert.equal(both, evaluation.both_right);
  const pairs = { "Both right": both, "Only the challenger right": evaluation.only_challenger, "Only the champion right": evaluation.only_champion };
  for (const [name, count] of Object.entries(pairs)) {
    await page.getByRole("button", { name: `${count} ${name}`, exact: true }).waitFor();
  }
  for (const [who, name] of [["champion", "Champion"], ["challenger", "Challenger"]]) {
    await page.getByRole("button", { name, exact: true }).first().click();
    await page.getByRole("grid", { name: new RegExp(`^${name}`) }).waitFor();
    const counts = await page.locator("[data-cell]").evaluateAll((cells) => cells.map((cell) => Number(cell.textContent)));
    const expected = kLabels.flatMap((truth) => kLabels.map((said) => rows.filter((row) => row.truth === truth && row[who].label === said).length));
    assert.deepEqual(counts, expected);
  }
  await page.getByText(/^Expected calibration error \d\.\d+ – \d+ bins? of equal count over the probability of the answer, n \d+$/).waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("the matrix is walked by keys, down to the rows behind a cell, also after a reload", async () => {
  const [evaluation] = await evaluations();
  const { rows } = await rowsOf(evaluation);
  const page = await open();
  await matrixOf(page).waitFor();
  assert.equal(await page.locator('[data-cell][tabindex="0"]').count(), 1);
  await page.locator('[data-cell="0,0"]').focus();
  for (const key of ["ArrowLeft", "ArrowDown", "End", "ArrowRight", "ArrowUp"]) {
    await page.keyboard.press(key);
  }
  const cell = page.locator("[data-cell]:focus");
  assert.equal(await cell.getAttribute("data-cell"), "0,2");
  const { truth, said, line, column } = wrongCell(rows);
  for (const key of ["Home", ...Array(line).fill("ArrowDown"), ...Array(column).fill("ArrowRight")]) {
    await page.keyboard.press(key);
  }
  assert.equal(await cell.getAttribute("aria-label"), `true ${truth}, said ${said}: ${await cell.textContent()}`);
  await page.keyboard.press("Enter");
  const heading = page.getByRole("heading", { name: `True: ${truth} – said: ${said}` });
  await heading.waitFor();
  await until(() => heading.evaluate((one) => one === document.activeElement), "the focus");
  const expected = rows.filter((row) => row.truth === truth && row.challenger.label === said).map((row) => row.item);
  assert.ok(expected.length > 0);
  assert.deepEqual((await items(page)).sort(), expected.slice(0, 20).sort());
  await page.reload();
  await heading.waitFor();
  assert.deepEqual((await items(page)).sort(), expected.slice(0, 20).sort());
  await page.goBack();
  await heading.waitFor({ state: "detached" });
  await page.locator('[data-cell="1,1"]').focus();
  await page.keyboard.press("Space");
  await page.getByRole("heading", { name: "True: politics – said: politics" }).waitFor();
  await page.keyboard.press("Escape");
  await until(async () => (await page.locator("[data-cell]:focus").count()) === 1, "the focus where it was");
  assert.equal(await cell.getAttribute("data-cell"), "1,1");
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("slices have their rows and sizes", async () => {
  const [evaluation] = await evaluations();
  const { rows } = await rowsOf(evaluation);
  const page = await open();
  await page.getByLabel(/^Words/).fill("Bank, 금리, zzz");
  await page.keyboard.press("Enter");
  const figure = page.locator("figure", { hasText: "Accuracy of rows with a word" });
  await figure.waitFor();
  await figure.getByRole("button", { name: "Table" }).click();
  const found = await figure.locator("tbody tr").evaluateAll((lines) => lines.map((line) => [line.cells[0].textContent, line.cells[4].textContent]));
  const having = (word) => rows.filter((row) => row.text.includes(word));
  assert.deepEqual(found, [["Bank", String(having("bank").length)], ["금리", String(having("금리").length)], ["zzz", "–"]]);
  await figure.getByRole("button", { name: "Chart" }).click();
  await figure.getByRole("button", { name: "금리" }).click();
  await page.getByRole("heading", { name: "Rows with “금리”" }).waitFor();
  assert.deepEqual((await items(page)).sort(), having("금리").map((row) => row.item).sort().slice(0, 20));
  await page.getByRole("button", { name: "sports", exact: true }).first().click();
  await page.getByRole("heading", { name: "Rows of sports" }).waitFor();
  const quarters = page.locator("figure", { hasText: "Accuracy by length of the text" });
  await quarters.getByRole("button", { name: "Table" }).click();
  const sizes = await quarters.locator("tbody tr").evaluateAll((lines) => lines.map((line) => Number(line.cells[4].textContent)));
  assert.equal(sizes.reduce((sum, n) => sum + n, 0), rows.length);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("notes are added to a row and stay", async () => {
  const page = await open();
  await page.getByRole("button", { name: /Both wrong$/ }).click();
  const row = page.locator("[data-item]").first();
  const item = await row.getAttribute("data-item");
  await row.getByRole("button", { name: "Details" }).click();
  assert.equal(await row.getByRole("link").getAttribute("href"), `#/data/item/${item}`);
  await row.getByText("No notes on this row yet.").waitFor();
  await row.getByLabel("Your name").fill("nora");
  await row.getByLabel("A new note").fill("  ");
  assert.equal(await row.getByRole("button", { name: "Add the note" }).isDisabled(), true);
  await row.getByLabel("A new note").fill("애매함 <b>& \"odd\"</b>");
  await row.getByRole("button", { name: "Add the note" }).click();
  await row.getByText("Added.").waitFor();
  await row.getByRole("listitem").getByText("애매함 <b>& \"odd\"</b>", { exact: true }).waitFor();
  const { notes } = await ask(`/v1/notes?item=${item}`);
  assert.deepEqual(notes.map((note) => [note.text, note.who]), [["애매함 <b>& \"odd\"</b>", "nora"]]);
  await page.reload();
  await page.locator(`[data-item="${item}"]`).getByText("Note: 애매함 <b>& \"odd\"</b>").waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("where nothing is, the page says so", async () => {
  const [, first] = await evaluations();
  const page = await open({ at: `#/evaluation/${first.id}` });
  await page.getByText("No hold-out rows were judged.").waitFor();
  await page.goto(`${server}/#/evaluation/nothing`);
  await page.getByText("There is no such evaluation.").waitFor();
  await page.getByRole("button", { name: "Show the newest" }).click();
  await matrixOf(page).waitFor();
  await page.route("**/evaluations?*", (route) => route.fulfill({ json: { evaluations: [] } }));
  await page.reload();
  await page.getByText("Nothing has been judged yet.").waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("strange texts stay texts, and nothing is wider than the page", async () => {
  const page = await open({ at: "#/evaluation" });
  await page.route("**/rows", async (route) => {
    const response = await route.fetch();
    const judged = await response.json();
    judged.rows.forEach((row, i) => (row.text = kStrange[i % 3]));
    await route.fulfill({ response, json: judged });
  });
  await page.reload();
  await page.getByRole("button", { name: /Both right$/ }).click();
  await page.locator("[data-item]").first().waitFor();
  for (let i = 0; i < 3; ++i) {
    await page.locator("[data-item]").nth(i).getByRole("button", { name: "Details" }).click();
  }
  assert.equal(await page.locator("[data-item] .text *").count(), 0);
  await staysText(page);
});

test("axe finds nothing, light and dark, in both languages, and nothing is wider than the screen", async () => {
  const [evaluation] = await evaluations();
  const { line, column } = wrongCell((await rowsOf(evaluation)).rows);
  const page = await open();
  await page.locator(`[data-cell="${line},${column}"]`).click();
  await page.locator("[data-item]").first().getByRole("button").first().click();
  await page.locator("[data-item] form").waitFor();
  await page.locator("figure button[aria-pressed]").last().click();
  await cleanEverywhere(page);
  await page.context().close();
});
