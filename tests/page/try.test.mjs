// SPDX-License-Identifier: Apache-2.0
// Trying the served model in a real browser.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";

import { ask, model, openBrowser, openPage, until } from "./browser.mjs";
import { cleanEverywhere, fits, kStrange } from "./everywhere.mjs";

let browser;
before(async () => (browser = await openBrowser()));
after(async () => browser?.close());

const open = async (options = {}) => {
  const page = await openPage(browser, { at: "#/try", ...options });
  await page.getByRole("textbox").waitFor();
  return page;
};
const answerIn = (page) => page.locator("[data-answer]");

/** Sends it by keyboard; the id of the request. */
async function tryOut(page, text) {
  const before = (await answerIn(page).count()) > 0 ? await answerIn(page).getAttribute("data-answer") : null;
  await page.getByRole("textbox").fill(text);
  await page.keyboard.press("Control+Enter");
  return until(async () => {
    const id = (await answerIn(page).count()) > 0 ? await answerIn(page).getAttribute("data-answer") : null;
    return id !== before ? id : null;
  }, "an answer");
}

/** Once it is written down, which is a moment after it was answered. */
const capturedOf = (id) => until(() => ask(`/v2/models/${model}/requests/${id}`).then(({ predictions }) => predictions[0], () => null), "the captured row");
const percent = (share) => new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(share);

test("Ctrl+Enter asks, and what is shown is what was answered", async () => {
  const page = await open();
  const text = "bank market 금리";
  const id = await tryOut(page, text);
  const row = await capturedOf(id);
  assert.equal(row.payload.text, text);
  assert.equal(await answerIn(page).textContent(), row.label);
  const labels = JSON.parse((await ask(`/v2/models/${model}`)).properties.labels);
  const sorted = row.scores.map((score, i) => [labels[i], score]).sort((a, b) => b[1] - a[1]);
  const expected = sorted.map(([label, score]) => [label, percent(score)]);
  const shown = await page.locator("tbody tr").evaluateAll((lines) => lines.map((line) => [line.cells[0].textContent, line.cells[1].textContent]));
  assert.deepEqual(shown, expected);
  await page.getByText(new RegExp(`^version ${row.model_version}, in [\\d.]+ (µs|ms|s) as this page saw it`)).waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("no other chord asks, nor Hangul under composition, nor nothing at all", async () => {
  const page = await open();
  let asked = 0;
  page.on("request", (request) => request.url().endsWith("/infer") && ++asked);
  const field = page.getByRole("textbox");
  await field.fill("vote");
  for (const chord of ["Enter", "Shift+Enter", "Alt+Enter", "Control+Shift+Enter", "Control+m", "Control+j"]) {
    await field.press(chord);
  }
  const composed = { key: "Enter", ctrlKey: true, isComposing: true, bubbles: true, cancelable: true };
  await field.evaluate((one, init) => one.dispatchEvent(new KeyboardEvent("keydown", init)), composed);
  await field.fill(" \n ");
  await field.press("Control+Enter");
  assert.equal(await page.getByRole("button", { name: "Ask the model" }).isDisabled(), true);
  await field.fill("vote party");
  await page.getByRole("button", { name: "Ask the model" }).click();
  await answerIn(page).waitFor();
  assert.equal(asked, 1);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("the line for a shell asks the same, whatever stands in the text", async () => {
  const page = await open();
  const text = "It's \"금리\" $HOME `id` \\n !! #\n둘째 줄 'x' %s & | ; <b>";
  const id = await tryOut(page, text);
  const answered = await capturedOf(id);
  await page.getByText("The same from a shell").click();
  const line = await page.locator("[data-curl]").textContent();
  const answer = JSON.parse(execFileSync("bash", ["-c", line], { encoding: "utf8" }));
  assert.equal(answer.id, id);
  const scores = answer.outputs.find((output) => output.name === "scores").data;
  assert.deepEqual(scores, answered.scores);
  const texts = (await ask(`/v2/models/${model}/requests/${id}`)).predictions.map((row) => row.payload.text);
  assert.deepEqual([...new Set(texts)], [text]);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByText("Copied.").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), line);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("the nearest training rows are those of the API", async () => {
  const page = await open();
  const text = "goal match 야구";
  await tryOut(page, text);
  const card = page.getByRole("region", { name: "Nearest training examples" });
  const links = () => card.getByRole("link").evaluateAll((all) => all.map((link) => [link.getAttribute("href"), link.textContent]));
  const expected = async (count) => {
    const { neighbours } = await ask(`/v1/models/${model}/nearest`, { text, count });
    return neighbours.filter((near) => near.similarity > 0).map((near) => [`#/data/item/${near.item}`, near.text]);
  };
  await card.getByRole("link").first().waitFor();
  assert.deepEqual(await links(), await expected(10));
  await card.getByLabel("How many").selectOption("5");
  const five = await expected(5);
  await until(async () => (await links()).length === five.length, "five of them");
  assert.deepEqual(await links(), five);
  await tryOut(page, "qqqq zzzz");
  await card.getByText(/taught nothing that is like it|similarity/).first().waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("right and wrong are stored, and what was stored is confirmed", async () => {
  const page = await open();
  const id = await tryOut(page, "election senate 선거");
  await capturedOf(id);
  await page.getByRole("button", { name: "It is right" }).click();
  await page.getByText(/^Stored: the answer is right/).waitFor();
  const other = await tryOut(page, "stadium 축구 우승");
  await capturedOf(other);
  const answered = await answerIn(page).textContent();
  await page.getByRole("button", { name: "It is wrong" }).click();
  const right = answered === "economy" ? "sports" : "economy";
  assert.equal(await page.getByLabel("The right label").locator(`option[value="${answered}"]`).count(), 0);
  await page.getByLabel("The right label").selectOption(right);
  await page.getByRole("button", { name: "Store it" }).click();
  await page.getByText(`Stored: the right label is “${right}”`).waitFor();
  assert.deepEqual((await capturedOf(id)).feedback.map(({ kind, correct }) => [kind, correct]), [["correct", true]]);
  assert.deepEqual((await capturedOf(other)).feedback.map(({ kind, label }) => [kind, label]), [["label", right]]);
  await page.getByText("said to be right").waitFor();
  await page.getByText(`said to be wrong: ${right}`).waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("what was tried stays in the tab, also after a reload, and nowhere else", async () => {
  const page = await open();
  const ids = [await tryOut(page, "first 금리"), await tryOut(page, "second 국회")];
  await page.reload();
  await answerIn(page).waitFor();
  assert.equal(await answerIn(page).getAttribute("data-answer"), ids[1]);
  assert.equal(await page.getByRole("textbox").inputValue(), "second 국회");
  await page.getByRole("button", { name: "first 금리" }).press("Enter");
  await until(async () => (await answerIn(page).getAttribute("data-answer")) === ids[0], "the first");
  assert.equal(await page.getByRole("textbox").inputValue(), "first 금리");
  const other = await open();
  assert.equal(await answerIn(other).count(), 0);
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByText("What you try stands here").waitFor();
  await page.reload();
  await page.getByRole("textbox").waitFor();
  assert.equal(await answerIn(page).count(), 0);
  assert.deepEqual([...page.problems, ...other.problems], []);
  await page.context().close();
  await other.context().close();
});

test("a refusal is said, and the text is kept", async () => {
  const page = await open();
  await page.route("**/infer", (route) => route.fulfill({ status: 503, json: { error: "No version is ready" } }));
  await page.getByRole("textbox").fill("market");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("alert").getByText("No version is ready").waitFor();
  assert.equal(await page.getByRole("textbox").inputValue(), "market");
  await page.route(`**/v2/models/${model}`, (route) => route.fulfill({ status: 404, json: { error: "Request for unknown model" } }));
  await page.reload();
  await page.getByText("No model answers yet.").waitFor();
  await page.context().close();
});

test("strange texts stay texts, and nothing is wider than the page", async () => {
  const page = await open();
  for (const text of kStrange) {
    const id = await tryOut(page, text);
    assert.equal((await capturedOf(id)).payload.text, text);
    await page.locator("summary").click();
    await fits(page);
  }
  assert.equal(await page.locator("main img, main script").count(), 0);
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("axe finds nothing, light and dark, in both languages, and nothing is wider than the screen", async () => {
  const page = await open();
  await cleanEverywhere(page);
  await tryOut(page, "bank 금리");
  await page.locator("ol li").first().waitFor();
  await page.locator("summary").click();
  await page.locator("button[aria-expanded]").last().click();
  await page.locator("main form select").waitFor();
  await cleanEverywhere(page);
  await page.context().close();
});
