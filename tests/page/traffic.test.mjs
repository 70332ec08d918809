// SPDX-License-Identifier: Apache-2.0
// Traffic in a real browser: what is counted is the API's, what is now is what was just asked.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, model, openBrowser, openPage, until } from "./browser.mjs";
import { cleanEverywhere } from "./everywhere.mjs";
import { secondVersion } from "./second_version.mjs";

let browser;
before(async () => (browser = await openBrowser()));
after(async () => browser?.close());

let asked = 0;
async function infer(texts) {
  const input = { name: "text", shape: [texts.length], datatype: "BYTES", data: texts };
  await ask(`/v2/models/${model}/infer`, { id: `traffic-${process.pid}-${asked++}`, inputs: [input] });
}

async function someRows(count) {
  for (let i = 0; i < count; ++i) {
    await infer([`bank market no${i}`, `vote party no${i}`, `goal match no${i}`]);
  }
}

/** The rows of the last day, as the API counts them. */
async function counted(route) {
  const { buckets } = await ask(`/v1/models/${model}/traffic?step=hour`);
  const groups = buckets.flatMap((bucket) => bucket.groups).filter((group) => route === undefined || group.route === route);
  return { rows: groups.reduce((sum, group) => sum + group.rows, 0), failed: groups.reduce((sum, group) => sum + group.failed, 0) };
}

test("the rows of the last day are those of the API", async () => {
  const page = await openPage(browser, { at: "#/traffic" });
  const { rows, failed } = await until(async () => ((await counted()).rows > 0 ? counted() : null), "captured rows");
  await page.getByText(`${failed.toLocaleString("en")} of ${rows.toLocaleString("en")} rows failed`).waitFor();
  const group = await page.locator("[data-group]").first().innerText();
  assert.match(group, /stable/);
  assert.match(group, /0\.0% \(0\.0% – \d\.\d%, n /);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("the time is the server's: a browser whose clock is wrong is shown the same day", async () => {
  await someRows(1);
  for (const year of [2019, 2061]) {
    const page = await openPage(browser, { at: "#/traffic", prepare: (one) => one.clock.setFixedTime(Date.UTC(year, 4, 1)) });
    const shown = await page.getByRole("status").filter({ hasText: "UTC" }).first().innerText();
    const [from, to] = shown.match(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g).map((time) => Date.parse(`${time.replace(" ", "T")}Z`));
    assert.ok(Math.abs(to - from - 24 * 3600 * 1000) < 10_000, shown);
    assert.ok(Math.abs(to - Date.now()) < 60_000, shown);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  }
});

test("what is asked now is seen now, within its bucket, and counted as kept", async () => {
  const page = await openPage(browser, { at: "#/traffic" });
  await page.locator("[data-now]").waitFor();
  const rate = async (of) => Number((await page.locator(`[data-rate="${of}"]`).innerText()).replace(/,/g, ""));
  await until(async () => (await rate("rows")) === 0, "two readings");
  const before = (await ask("/v1/status")).captured.rows;
  await someRows(20);
  const [requests, rows] = await until(async () => {
    const now = [await rate("requests"), await rate("rows")];
    return now[0] > 0 ? now : null;
  }, "requests");
  assert.ok(Math.abs(rows / requests - 3) < 0.05, `${rows} rows of ${requests} requests a second`);
  const cells = await page.locator('[data-stage="infer"] td').allInnerTexts();
  assert.match(cells[0], /^(below )?\d+(\.\d+)? (µs|ms)( – \d+(\.\d+)? (µs|ms))?$/);
  assert.ok(Number(cells[2]) > 0);
  await until(async () => (await page.locator("[data-kept]").innerText()).replace(/,/g, "").startsWith(String(before + 60)), "the rows that were kept");
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("the range is chosen by keys, is in the address and outlives a reload", async () => {
  const page = await openPage(browser, { at: "#/traffic" });
  await page.locator("[data-group]").first().waitFor();
  const pressed = () => page.locator('[role="group"] button[aria-pressed="true"]').first().innerText();
  const chosen = (name) => until(async () => (await pressed()) === name, name);
  await page.getByRole("button", { name: "last hour" }).press("Enter");
  await chosen("last hour");
  await page.getByText("in steps of one minute").waitFor();
  await page.getByRole("button", { name: "by version" }).press("Enter");
  await page.getByRole("button", { name: "all", exact: true }).press("Enter");
  await chosen("all");
  await page.getByText("in steps of one day").waitFor();
  await page.reload();
  await chosen("all");
  assert.equal(await page.getByRole("button", { name: "by version" }).getAttribute("aria-pressed"), "true");
  await page.getByRole("button", { name: "from – to" }).press("Enter");
  await page.getByLabel("From (UTC)").fill("2020-02-02");
  await page.getByLabel("to, inclusive").fill("2020-02-01");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await page.getByLabel("to, inclusive").fill("2020-02-02");
  await page.keyboard.press("Enter");
  await page.getByText("No row was captured in this range.").waitFor();
  await page.getByText("2020-02-02 00:00:00 to 2020-02-03 00:00:00 UTC").waitFor();
  await page.goBack();
  await chosen("all");
  await page.locator("[data-group]").first().waitFor();
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("a canary and a shadow stand beside stable with the API's numbers", async () => {
  await secondVersion();
  const { labels } = await ask(`/v1/models/${model}/serving`);
  const other = labels.stable === 1 ? 2 : 1;
  for (const route of ["shadow", "canary"]) {
    const version = other;
    await ask(`/v1/models/${model}/${route}`, { version, who: "tester", reason: "a test of the page", share: route === "canary" ? 0.5 : 1 });
    try {
      await until(async () => {
        await someRows(4);
        return (await counted(route)).rows > 0;
      }, `rows of the ${route}`, 30_000);
    } finally {
      await ask(`/v1/models/${model}/cancel`, { who: "tester", reason: "the test is over" });
    }
    const page = await openPage(browser, { at: "#/traffic" });
    const beside = page.locator(`[data-beside="${route} ${version}"]`);
    await beside.waitFor();
    const shown = async () => Number((await beside.locator("tbody tr").first().locator("td").first().innerText()).replace(/,/g, ""));
    await until(async () => (await shown()) === (await counted(route)).rows, `the rows of the ${route}`);
    assert.match(await beside.innerText(), /Greatest difference of a class share\s+\S+: [+−]?\d/);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  }
});

/** An hour in which capture thinned and rows failed. */
function hardHour() {
  const end = Math.floor(Date.now() / 60_000) * 60_000;
  const group = (route, version, i) => ({
    version, route, rows: 40, failed: i % 3, captured: 4, estimated: true, by_label: [20, 10, 10 - (i % 3)],
    latency_us: { p50: 90 + i, p95: 300, p99: 900 }, infer_us_p50: 40, confidence_mean: 0.8,
  });
  return {
    from: new Date(end - 3_600_000).toISOString(), to: new Date(end).toISOString(), step_seconds: 60, labels: ["economy", "politics", "sports"],
    buckets: Array.from({ length: 50 }, (_, i) => ({
      time: new Date(end - 3_600_000 + i * 60_000).toISOString(),
      groups: [group("stable", 2, i), ...(i > 20 ? [group("shadow", 1, i + 1), group("canary", 1, i + 2)] : [])],
    })),
  };
}

async function openHard(options = {}) {
  const page = await openPage(browser, options);
  await page.route("**/traffic?*", (route) => route.fulfill({ json: hardHour() }));
  await page.evaluate(() => (location.hash = "#/traffic?range=hour"));
  await page.locator("[data-beside]").first().waitFor();
  return page;
}

test("numbers that are estimates say so, and their intervals count only what was kept", async () => {
  const page = await openHard();
  await page.getByText("Capture kept only a share of the rows here.").waitFor();
  const stable = await page.locator('[data-group="2 stable"]').innerText();
  assert.match(stable, /2,000/);
  assert.match(stable, /n 200\)/);
  assert.equal(await page.getByRole("application", { name: "Share of rows that got no answer" }).count(), 1);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("a lost server is told, and what was there stays", async () => {
  const page = await openPage(browser, { at: "#/traffic" });
  await page.locator("[data-group]").first().waitFor();
  await page.route("**/metrics", (route) => route.fulfill({ status: 503, json: { error: "The server is stopping" } }));
  await page.getByText("The last seconds are not known: The server is stopping").waitFor();
  assert.ok((await page.locator("[data-group]").count()) > 0);
  await page.unroute("**/metrics");
  await page.getByText("The last seconds are not known").waitFor({ state: "detached" });
  await page.context().close();
});

test("axe finds nothing, light and dark, in both languages, and nothing is wider than the screen", async () => {
  const page = await openHard();
  await page.locator("[data-now]").waitFor();
  await page.locator("[data-capture]").waitFor();
  await cleanEverywhere(page);
  await page.context().close();
});
