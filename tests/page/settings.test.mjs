// SPDX-License-Identifier: Apache-2.0
// From an empty directory to a served model in the page, then its settings, then keys: the order matters, it is one story.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { axeViolations, emptyUrl, openBrowser, openPage, until } from "./browser.mjs";
import { cleanEverywhere } from "./everywhere.mjs";

let browser;
before(async () => (browser = await openBrowser()));
after(async () => browser?.close());

const asksWho = (page) => page.getByRole("heading", { name: "Who are you?", level: 2 });

function rows() {
  const words = { economy: ["bank", "market", "금리", "환율"], sports: ["goal", "match", "야구", "감독"] };
  const lines = ["id,headline,topic"];
  for (let i = 0; i < 120; ++i) {
    const topic = i % 2 === 0 ? "economy" : "sports";
    lines.push(`${i},"${words[topic].map((word) => word + (i % 7)).join(" ")} no${i * 7919}",${topic}`);
  }
  lines.splice(50, 0, '900,"",sports'); // line 51: no text
  return lines.join("\r\n");
}

test("an empty project becomes a served model", async () => {
  const page = await openPage(browser, { server: emptyUrl });
  await page.getByText("No model yet.").waitFor();
  await cleanEverywhere(page);
  await page.locator("input[type=file]").setInputFiles({ name: "rows.csv", mimeType: "text/csv", buffer: Buffer.from(rows()) });
  const text = page.getByLabel("Which column is the text?");
  await until(async () => (await text.inputValue()) === "headline", "the columns of the file");
  assert.equal(await page.getByLabel("Which column is the label?").inputValue(), "topic");
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.getByText("120 good rows, 1 refused.").waitFor();
  await page.getByText("line 51").waitFor();
  await page.getByText("economy 60, sports 60").waitFor();
  await cleanEverywhere(page);
  await page.getByRole("button", { name: "Take these rows" }).click();
  await page.getByText("Taken: 120 texts").waitFor();
  await page.getByRole("button", { name: "Train the first model" }).click();
  await page.getByText("Version 1 is served.").waitFor({ timeout: 60_000 });
  await page.getByText("/v2/models/news/infer").waitFor();
  // The loop may have begun the turn before the button was pressed.
  assert.deepEqual(page.problems.filter((problem) => !problem.includes("409")), []);
  await page.context().close();
});

test("settings are shown as they will be written, then written", async () => {
  const page = await openPage(browser, { server: emptyUrl, at: "#/settings" });
  await page.getByLabel("Questions to people per served row").fill("0.25");
  await page.getByLabel("When the gate cannot decide").selectOption("keep");
  await page.getByRole("button", { name: "Show what would be written" }).click();
  await page.locator("ins", { hasText: "label_share = 0.25" }).waitFor();
  await page.locator("del", { hasText: "label_share = 0.1" }).waitFor();
  await cleanEverywhere(page);
  const before = await (await fetch(`${emptyUrl}/v1/settings`)).json();
  assert.ok(!before.toml.includes("label_share = 0.25"));
  await page.getByRole("button", { name: "Write it" }).click();
  await page.getByText("It counts from the next start").waitFor();
  const written = await (await fetch(`${emptyUrl}/v1/settings`)).json();
  assert.ok(written.toml.includes("label_share = 0.25"));
  assert.equal(written.settings.find((one) => one.name === "loop.when_undecided").value, "keep");
  await page.getByLabel("Settings tried at each training").fill("100000");
  await page.getByRole("button", { name: "Show what would be written" }).click();
  await page.getByRole("alert").waitFor(); // refused, with the reason
  await page.context().close();
});

test("with the first key everybody needs one, and each sees what it may", async () => {
  const page = await openPage(browser, { server: emptyUrl, at: "#/settings" });
  const make = async (name, role) => {
    await page.getByLabel("Who will use it").fill(name);
    await page.getByRole("checkbox", { name: role, exact: true }).check();
    await page.getByRole("button", { name: "Make a key" }).click();
    await page.getByText(`The key of ${name}.`).waitFor();
    return page.locator(".made pre").textContent();
  };
  const people = page.getByRole("region", { name: "People" }).first();
  await page.getByText("first make one for yourself that may do everything").waitFor(); // else nobody could let others in
  const boss = await make("boss", "do everything");
  await page.reload();
  await asksWho(page).waitFor();
  await cleanEverywhere(page, { known: ["401", "403"] });
  await page.getByLabel("Key").fill("fwk_wrong");
  await page.keyboard.press("Enter");
  await page.getByText("The server does not know this key.").waitFor();
  await page.getByLabel("Key").fill(boss);
  await page.keyboard.press("Enter");
  await page.getByText("signed in as boss").waitFor();
  // Somebody who labels is let in, and the line to pass on is there once.
  assert.match(await people.locator('[data-person="boss"]').textContent(), /Does everything.*you/s);
  await page.getByLabel("Their name, as it will stand under their answers").fill("lee");
  await page.keyboard.press("Enter");
  const line = await page.locator("pre", { hasText: "lee: open" }).textContent();
  const [, key] = /and enter this key: (fwk_\S+)$/.exec(line);
  const asLee = (address) => fetch(emptyUrl + address, { headers: { Authorization: `Bearer ${key}` } });
  assert.deepEqual((await (await asLee("/v1/me")).json()).roles, ["label"]);
  await people.locator('[data-person="lee"]').getByText("Answers questions and sees only the own answers.").waitFor();
  await page.getByRole("region", { name: "Keys" }).last().getByText("lee").waitFor(); // and as a key, without a reload
  assert.deepEqual(await axeViolations(page), []);
  // Showing out asks first.
  await page.getByRole("button", { name: "Show lee out" }).press("Enter");
  await page.getByRole("dialog").getByText("What was answered stays.").waitFor();
  assert.deepEqual(await axeViolations(page), []);
  await page.keyboard.press("Escape");
  assert.equal((await asLee("/v1/me")).status, 200);
  await page.getByRole("button", { name: "Show lee out" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Show out" }).click();
  await people.locator('[data-person="lee"]').getByText("Nothing any more").waitFor();
  assert.equal((await asLee("/v1/me")).status, 401);
  await page.setViewportSize({ width: 320, height: 800 });
  await until(() => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing wider than 320 px");
  await page.setViewportSize({ width: 1280, height: 800 });
  const kim = await make("kim", "label");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Key").fill(kim);
  await page.keyboard.press("Enter");
  await page.getByText("signed in as kim").waitFor();
  await page.getByText("Only an admin may see and change this.").waitFor();
  await cleanEverywhere(page, { known: ["401", "403"] });
  // The label page asks no name of who has a key.
  await page.goto(`${emptyUrl}/#/label`);
  await page.getByText("Nothing to label just now.").waitFor();
  await page.reload();
  await page.getByText("signed in as kim").waitFor();
  // Another tab is not signed in: the key was for this one.
  const other = await openPage(browser, { server: emptyUrl });
  await asksWho(other).waitFor();
  await other.context().close();
  // Revoked, it is refused at once.
  const revoked = await fetch(`${emptyUrl}/v1/keys/kim/revoke`, { method: "POST", headers: { Authorization: `Bearer ${boss}` } });
  assert.equal(revoked.status, 200);
  await page.reload();
  await asksWho(page).waitFor();
  await page.context().close();
});
