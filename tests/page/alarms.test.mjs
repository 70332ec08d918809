// SPDX-License-Identifier: Apache-2.0
// Two people label everything twice, first alike, then not: an incident is opened by the loop and told where one looks.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { axeViolations, openBrowser, openPage, until } from "./browser.mjs";
import { headlines, topicOf } from "./headlines.mjs";
import { ownServer } from "./own_server.mjs";

const kModel = "news";
const kLabels = ["economy", "politics", "sports"];
const kBlock = 200;
const kRows = 2 * kBlock;

let browser, server;
before(async () => {
  server = await ownServer((flywheel, project, folder) => {
    flywheel("init", project, "--model", kModel, "--labels", kLabels.join());
    const settings = path.join(project, "flywheel.toml");
    const text = fs.readFileSync(settings, "utf8");
    fs.writeFileSync(settings, text.replace(/^second_share = \S+/m, "second_share = 1.0").replace(/^retrain_labels_min = \S+/m, "retrain_labels_min = 100000"));
    const file = path.join(folder, "rows.csv");
    fs.writeFileSync(file, ["title,topic", ...headlines(kRows, 9).map((one) => `${one},`)].join("\n") + "\n");
    flywheel("import", file, "--dir", project, "--text", "title", "--label", "topic", "--ask");
  });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function ask(address, body) {
  const response = await fetch(server.url + address, body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  return response.json();
}

/** `say(true label, how many were answered)` gives the answer. */
async function label(actor, count, say) {
  for (let done = 0; done < count; ) {
    const { tasks } = await ask(`/v1/models/${kModel}/tasks?actor=${actor}&count=${Math.min(50, count - done)}`);
    assert.ok(tasks.length > 0, `${actor} after ${done}`);
    const answers = tasks.map((task, i) => ({ actor, task_id: task.task_id, label: say(topicOf(task.text), done + i) }));
    assert.equal((await ask("/v1/labels", { answers })).refused, 0);
    done += tasks.length;
  }
}

const other = (topic) => kLabels[(kLabels.indexOf(topic) + 1) % kLabels.length];
const open = async () => (await ask(`/v1/incidents?model=${kModel}&state=open`)).incidents;

test("people who begin to differ are an incident, told on home, among the labels and in the list of incidents", { timeout: 120_000 }, async () => {
  await label("kim", kRows, (topic) => topic);
  // In the second block one in four differs, in the first one in forty.
  await label("lee", kRows, (topic, n) => (n % (n < kBlock ? 40 : 4) === 0 ? other(topic) : topic));
  const [incident] = await until(async () => ((await open()).length > 0 ? open() : undefined), "the incident", 30_000);
  assert.equal(incident.families, "disagreement");
  assert.match(incident.sentence, /^People differ more than before: on 50 of the last 200 texts that two of them answered, on 5 of 200 before \(22\.5 points, 99 % interval 1\d\.\d to 3\d\.\d;/);

  for (const language of ["en", "ko"]) {
    const page = await openPage(browser, { at: "#/labels", server: server.url, language });
    const said = language === "en" ? incident.sentence : /^사람들의 답이 전보다 더 많이 갈립니다: 두 사람이 함께 답한 최근 글 200개 가운데 50개/;
    const alarm = page.locator('[data-alarm="disagreement"]');
    await until(async () => (typeof said === "string" ? (await alarm.innerText()) === said : said.test(await alarm.innerText())), `the alarm in ${language}`);
    assert.deepEqual(await axeViolations(page), []);
    await page.evaluate(() => (location.hash = "#/"));
    await page.locator('.cards a[href="#/labels"]', { hasText: language === "en" ? "55 texts wait for a decision" : "글 55개가 결정을 기다립니다" }).waitFor();
    await page.locator(".cards").getByText(language === "en" ? "People differ more than before" : "전보다 더 많이 갈립니다").waitFor();
    await page.evaluate(() => (location.hash = "#/drift"));
    await page.locator(`[data-incident="${incident.id}"]`).waitFor();
    assert.deepEqual(page.problems, []);
    await page.context().close();
  }
});

test("review says which label is likeliest, and each person has a score", async () => {
  const page = await openPage(browser, { at: "#/labels", server: server.url });
  const { items } = await ask(`/v1/models/${kModel}/review`);
  assert.equal(items.length, 55);
  for (let i = 1; i < items.length; ++i) {
    assert.ok(items[i - 1].quality <= items[i].quality);
  }
  await page.locator("[data-likeliest]").first().waitFor();
  assert.match(await page.locator("[data-likeliest]").first().innerText(), new RegExp(`^By all answers and the model together: ${items[0].likeliest} \\(\\d+%\\)\\.$`));
  for (const name of ["kim", "lee"]) {
    assert.match(await page.locator(`[data-person="${name}"] [data-score]`).innerText(), /^\d+%$/);
  }
  assert.deepEqual(page.problems, []);
  await page.context().close();
});
