// SPDX-License-Identifier: Apache-2.0
// Which version answers and why, and moving it: rollback, canary, shadow, promotion, in a real browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, axeViolations, model, openBrowser, openPage, until, url } from "./browser.mjs";
import { cleanEverywhere } from "./everywhere.mjs";
import { secondVersion, wantOwnProject } from "./second_version.mjs";

let browser;
before(async () => {
  await wantOwnProject();
  browser = await openBrowser();
});
after(async () => browser?.close());

const standing = () => ask(`/v1/models/${model}/serving`);
const newestRollout = async () => (await ask(`/v1/models/${model}/rollouts?limit=1`)).rollouts[0];
const place = (page, name) => page.locator(`[data-place="${name}"]`);
const button = (page, name) => page.getByRole("main").getByRole("button", { name, exact: true });
const dialog = (page) => page.getByRole("dialog");

async function openRelease(options = {}) {
  const page = await openPage(browser, { at: "#/release", ...options });
  await place(page, "stable").waitFor();
  return page;
}

/** Fills what every move asks for. */
async function say(page, who, why) {
  await dialog(page).getByLabel("Your name").fill(who);
  await dialog(page).getByLabel("Why").fill(why);
}

test("with one version there is nothing to go back to; the second one shows without a reload", async () => {
  const page = await openRelease();
  if ((await standing()).labels.previous === 0) {
    await until(() => button(page, "Roll back").isDisabled(), "a disabled rollback");
    await page.getByText("No rollback: there is no earlier version to go back to.").waitFor();
    await assert.rejects(ask(`/v1/models/${model}/rollback`, { who: "rita", reason: "try" }), /409/);
  }
  await secondVersion();
  await place(page, "stable").getByText("Version 2", { exact: true }).waitFor();
  await place(page, "previous").getByText("Version 1", { exact: true }).waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("what is shown is what the API says", async () => {
  const page = await openRelease();
  const { evaluations } = await ask(`/v1/models/${model}/evaluations`);
  const newest = evaluations.find((one) => one.champion !== null);
  await page.locator(`[data-evaluation="${evaluations[0].id}"]`).waitFor();
  assert.equal(await page.locator("[data-evaluation]").count(), evaluations.length);
  const why = page.locator(`[data-why="${newest.id}"]`);
  const cells = (await why.locator("table td.number").allTextContents()).map((text) => Number(text.replaceAll(",", "")));
  const { n, both_right: both, only_challenger: b, only_champion: c } = newest;
  assert.deepEqual(cells, [both, b, both + b, c, n - both - b - c, n - both - b, both + c, n - both - c, n]);
  await why.getByText(`n ${n})`).first().waitFor();
  await why.getByText(`lower 95 % bound −${(-100 * newest.delta_lower).toFixed(1)} points`).waitFor();
  // The first version had nothing to be compared with.
  const first = evaluations.find((one) => one.champion === null);
  await page.locator(`[data-evaluation="${first.id}"]`).getByRole("button").press("Enter");
  await page.locator(`[data-why="${first.id}"]`).getByText("a first version is always released").waitFor();
  assert.equal(await page.locator(`[data-why="${first.id}"] table`).count(), 0);
  const { rollouts } = await ask(`/v1/models/${model}/rollouts`);
  assert.equal(await page.locator("[data-rollout]").count(), rollouts.length);
  await page.locator(`[data-rollout="${rollouts[0].id}"]`).getByText(rollouts[0].reason).waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("a rollback asks first, is done at once, and stands in the audit trail", async () => {
  const page = await openRelease();
  const before = (await standing()).labels;
  await button(page, "Roll back").press("Enter");
  await dialog(page).getByText("Version 1 answers again instead of version 2, at once.").waitFor();
  await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "detached" });
  assert.deepEqual((await standing()).labels, before);

  await button(page, "Roll back").press("Enter");
  // Without a reason nothing is sent.
  await dialog(page).getByLabel("Your name").fill("rita");
  await dialog(page).getByRole("button", { name: "Roll back" }).click();
  assert.deepEqual((await standing()).labels, before);
  const reason = "<img src=x onerror='globalThis.hacked = 1'> 손님이 불평함";
  await dialog(page).getByLabel("Why").fill(reason);
  assert.deepEqual(await axeViolations(page), []);
  await dialog(page).getByRole("button", { name: "Roll back" }).press("Enter");
  await place(page, "stable").getByText("Version 1", { exact: true }).waitFor();
  assert.deepEqual((await standing()).labels, { stable: 1, canary: 0, previous: 0, shadow: 0 });

  const rollout = await newestRollout();
  assert.deepEqual([rollout.state, rollout.from_version, rollout.to_version, rollout.who, rollout.reason], ["rolled_back", 2, 1, "rita", reason]);
  const { events } = await ask("/v1/audit?limit=10");
  const event = events.find((one) => one.act === "rollback" && one.outcome === 200);
  const entry = page.locator(`[data-audit="${event.seq}"]`);
  await entry.getByText(event.detail).waitFor();
  assert.deepEqual(JSON.parse(event.detail), { reason, who: "rita" });
  assert.deepEqual(await axeViolations(page), []);

  await page.reload();
  await page.locator(`[data-rollout="${rollout.id}"]`).getByText(reason).waitFor();
  await until(() => button(page, "Roll back").isDisabled(), "nothing before it any more");
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("a canary is started, given another share, and finished; a refusal is said", async () => {
  const page = await openRelease();
  await button(page, "Start a canary").click();
  await dialog(page).getByText("Version 2 is loaded, and then answers its share of the requests for real.").waitFor();
  await dialog(page).getByLabel("Share of the requests").fill("0");
  await dialog(page).getByText("More than 0 and at most 100.").waitFor();
  await dialog(page).getByLabel("Share of the requests").fill("12.5");
  await say(page, "carla", "");
  await dialog(page).getByRole("button", { name: "Start the canary" }).click();
  await place(page, "canary").getByText("answers 12.5% of the requests").waitFor();
  const live = (await standing()).live;
  assert.deepEqual([live.state, live.to_version, live.share, live.who], ["canary", 2, 0.125, "carla"]);

  await button(page, "Change the share").click();
  await dialog(page).getByLabel("Share of the requests").fill("50");
  await dialog(page).getByRole("button", { name: "Change it" }).click();
  await place(page, "canary").getByText("answers 50.0% of the requests").waitFor();

  // Somebody else is quicker: the server says no, and the page says why.
  await button(page, "Cancel it").click();
  await dialog(page).getByText("Version 2 gets no more requests.").waitFor();
  await ask(`/v1/models/${model}/cancel`, { who: "quick" });
  await dialog(page).getByRole("button", { name: "End it" }).click();
  await dialog(page).getByText("No rollout is under way").waitFor();
  page.problems = page.problems.filter((problem) => !problem.includes("409"));
  await page.keyboard.press("Escape");
  await place(page, "canary").getByText("none", { exact: true }).waitFor();

  await button(page, "Start a shadow").click();
  await dialog(page).getByRole("button", { name: "Start the shadow" }).click();
  await place(page, "shadow").getByText("gets a copy of 100.0% of the requests").waitFor();
  await button(page, "Finish: answer everything").click();
  await dialog(page).getByText("Version 2 answers everything instead of version 1.").waitFor();
  await dialog(page).getByRole("button", { name: "Finish" }).click();
  await place(page, "stable").getByText("Version 2", { exact: true }).waitFor();
  assert.deepEqual((await standing()).labels, { stable: 2, canary: 0, previous: 1, shadow: 0 });
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("an older version is promoted, and the newer one again", async () => {
  const page = await openRelease();
  for (const version of [1, 2]) {
    await button(page, "Promote a version").click();
    await dialog(page).getByRole("combobox").selectOption(String(version));
    await say(page, "paul", `try ${version}`);
    await dialog(page).getByRole("button", { name: "Promote", exact: true }).click();
    await place(page, "stable").getByText(`Version ${version}`, { exact: true }).waitFor();
    await dialog(page).waitFor({ state: "detached" });
    const rollout = await newestRollout();
    assert.deepEqual([rollout.state, rollout.to_version, rollout.who, rollout.reason], ["done", version, "paul", `try ${version}`]);
  }
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("a model card is read, by its address too", async () => {
  const page = await openRelease({ at: "#/release/1" });
  const card = await (await fetch(`${url}/v1/models/${model}/versions/1/card`)).text();
  await dialog(page).getByRole("heading", { name: "news, version 1" }).waitFor();
  const headings = [...card.matchAll(/^#+ (.*)$/gm)].map((found) => found[1]);
  assert.deepEqual(await dialog(page).locator("h3, h4").allTextContents(), headings);
  assert.equal(await dialog(page).locator("tbody tr").count(), 3);
  assert.deepEqual(await axeViolations(page), []);
  await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "detached" });
  assert.equal(new URL(page.url()).hash, "#/release");
  await page.getByRole("link", { name: "Model card of version 2" }).press("Enter");
  await dialog(page).getByRole("heading", { name: "news, version 2" }).waitFor();
  await page.reload();
  await dialog(page).getByRole("heading", { name: "news, version 2" }).waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("axe finds nothing, light and dark, in both languages, and nothing is wider than the screen", async () => {
  const page = await openRelease();
  await page.locator("[data-why]").waitFor();
  await cleanEverywhere(page);
  await page.context().close();
});
