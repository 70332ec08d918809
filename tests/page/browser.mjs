// SPDX-License-Identifier: Apache-2.0
// A real Chromium on the real page of a running server, for the tests beside this file.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(path.join(here, "../../web/package.json"));
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const url = process.env.FLYWHEEL_URL;
/** A server whose questions are strange texts. */
export const strangeUrl = process.env.STRANGE_URL;
export const model = "news";

/** A server of an empty project, for tests that change who may come in. */
export const emptyUrl = process.env.EMPTY_URL;

const kPlaces = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const kOptions = [
  "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--disable-gpu", "--font-render-hinting=none",
];

export function browserPath() {
  return process.env.CHROMIUM ?? kPlaces.find((place) => fs.existsSync(place));
}

export async function openBrowser() {
  return chromium.launch({ executablePath: browserPath(), args: kOptions });
}

/** A page of its own profile; what it prints or throws that it should not fails the test by `problems`. `prepare` comes before it is loaded. */
export async function openPage(browser, { language = "en", dark = false, width = 1280, height = 800, at = "", server = url, prepare } = {}) {
  const context = await browser.newContext({
    locale: language === "ko" ? "ko-KR" : "en-US", colorScheme: dark ? "dark" : "light", viewport: { width, height }, reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const close = context.close.bind(context);
  context.close = async () => {
    await page.unrouteAll({ behavior: "ignoreErrors" }); // what a test answers itself may still be under way
    await close();
  };
  page.problems = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && page.problems.push(message.text()));
  page.on("pageerror", (error) => page.problems.push(String(error)));
  page.on("request", (request) => new URL(request.url()).origin !== new URL(server).origin && !request.url().startsWith("data:") && !request.url().startsWith("blob:") && page.problems.push(`asked elsewhere: ${request.url()}`));
  await prepare?.(page);
  await page.goto(`${server}/${at}`);
  return page;
}

/** A line that is slow from the next request on, both ways: every request waits `latency` ms, and so many bytes pass in a second. */
export async function slowDown(page, { latency = 400, bytes = 50_000 } = {}) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", { offline: false, latency, downloadThroughput: bytes, uploadThroughput: bytes });
}

/** What axe-core finds on the page as it is, each as "rule: where". */
export async function axeViolations(page) {
  // The policy of the page lets nothing inline run, so the test brings it in through the debugger.
  if (!(await page.evaluate(() => "axe" in globalThis))) {
    await page.evaluate(axe);
  }
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")} ${node.failureSummary?.replaceAll("\n", " ") ?? ""}`));
}

export async function ask(address, body) {
  const response = await fetch(url + address, body === undefined ? {} : { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  if (!response.ok) {
    throw new Error(`${address}: ${response.status} ${await response.text()}`);
  }
  return response.json();
}

/** Everything people said so far, oldest first. */
export async function labelEvents() {
  const { events } = await ask(`/v1/models/${model}/label-events?limit=1000`);
  return events.filter((event) => event.actor_kind === "human").reverse();
}

/** Waits until `condition` holds; it may be async. */
export async function until(condition, what, milliseconds = 15_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const found = await condition();
    if (found) {
      return found;
    }
    if (Date.now() > end) {
      throw new Error(`waited in vain for ${what}`);
    }
    await new Promise((done) => setTimeout(done, 20));
  }
}
