// SPDX-License-Identifier: Apache-2.0
// On the Korean page no sentence of the server's own is English: records keep theirs for ever, and the page says them in Korean.
// A sentence that the C++ writes in another form than the page knows (web/src/words/sentences) is found here.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, model, openBrowser, openPage, until } from "./browser.mjs";
import { secondVersion } from "./second_version.mjs";

let browser;
before(async () => {
  browser = await openBrowser();
  await secondVersion();
});
after(async () => browser?.close());

const kPlaces = ["", "drift", "evaluation", "release", "training", "data"];
/** So many English words in a row are a sentence, not a name. Rows of the data are English, so only their views are left out. */
const kSentence = /[A-Za-z]+(?: [a-z]+){2,}/g;
const kWithRows = ["evaluation", "data"];

/** This server's incidents come from no drift: one as monitoring writes it. */
const incident = {
  id: "incident-1", model, version: 1, state: "open", opened: "2026-11-28T00:00:00Z", closed: null, budget_days: 90, evidence: 104, families: "classes, embedding",
  sentence: "Drift: the share of class 'economy' went from 33.0 % to 63.0 %; the mean embedding moved by 0.31 standard deviations " +
    "(evidence 104 days, at most one false alarm in 90 days).",
  numbers: {},
};

async function shown(page, place) {
  await page.evaluate((to) => (location.hash = `#/${to}`), place);
  const main = page.getByRole("main");
  await page.locator('nav [aria-current="page"]').waitFor();
  await until(async () => (await main.innerText()).trim() !== "" && (await main.getByText(/서버에 묻는 중|^…$/).count()) === 0, `the view ${place}`);
  return main;
}

test("no sentence of the server is English", async () => {
  const prepare = async (page) => {
    await page.route("**/v1/incidents?*", (route) => route.fulfill({ json: { incidents: [incident] } }));
    await page.route("**/v1/status", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), incidents: [incident] } });
    });
  };
  const page = await openPage(browser, { language: "ko", prepare });
  for (const place of kPlaces) {
    const main = await shown(page, place);
    await main.evaluate((node) => node.querySelectorAll("details").forEach((each) => (each.open = true)));
    assert.deepEqual(await main.locator('[lang="en"]').allInnerTexts(), [], `#/${place}`);
    if (!kWithRows.includes(place)) {
      assert.deepEqual((await main.innerText()).match(kSentence) ?? [], [], `#/${place}`);
    }
  }
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("the sentences say what the API says", async () => {
  const page = await openPage(browser, { language: "ko" });
  const { evaluations } = await ask(`/v1/models/${model}/evaluations?limit=10`);
  const judged = evaluations.find((one) => one.champion !== null);
  const release = await shown(page, "release");
  await release.getByText(`홀드아웃 항목 ${judged.n}개에서 ${judged.only_challenger} 대 ${judged.only_champion}`).first().waitFor();
  const { turns } = await ask("/v1/turns?limit=10");
  const data = await shown(page, "data");
  await data.getByText(`${turns.at(-1).number}번째 회전: `, { exact: false }).first().waitFor();
  await page.context().close();
});

test("a refusal is Korean, and a person's own words stay as they are", async () => {
  const who = "민지";
  const page = await openPage(browser, { language: "ko", prepare: (one) => one.route("**/v1/models/*/rollouts?*", async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    const [first] = body.rollouts;
    await route.fulfill({ response, json: { ...body, rollouts: [{ ...first, id: "by-hand", who, reason: "it looked fine to me" }, ...body.rollouts] } });
  }) });
  const release = await shown(page, "release");
  const own = release.locator('[data-rollout="by-hand"]').getByText("it looked fine to me");
  await own.waitFor();
  assert.equal(await own.getAttribute("lang"), null);
  await page.route("**/v1/evaluations/**", (route) => route.fulfill({ status: 503, json: { error: "Too many requests wait for the ledger; try again" } }));
  await page.route("**/v1/models/*/evaluations?*", (route) => route.fulfill({ status: 503, json: { error: "Too many requests wait for the ledger; try again" } }));
  await page.evaluate(() => (location.hash = "#/evaluation"));
  await page.getByText("기다리는 요청이 너무 많습니다. 다시 해 보세요.").first().waitFor();
  await page.context().close();
});
