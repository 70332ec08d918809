// SPDX-License-Identifier: Apache-2.0
// What bench/page.py measures in a real headless Chromium:  tools/web.py run node bench/page_figures.mjs WHAT '{"url": ...}'
// The last line of the output is JSON. A moment "painted" is taken inside the page: a MutationObserver sees the change,
// requestAnimationFrame waits for the frame that shows it, and a message posted from there comes after its painting.
import fs from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import zlib from "node:zlib";

const bench = path.dirname(fileURLToPath(import.meta.url));
const web = path.join(bench, "../web");
const require = createRequire(path.join(web, "package.json"));
const { chromium } = require("playwright-core");

const kOptions = [
  "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-gpu",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", // no name is ever asked for
];

const openBrowser = () => chromium.launch({ executablePath: process.env.CHROMIUM, args: kOptions });

/** A page of a profile of its own, without cache; what it asks of other hosts is refused and kept in `elsewhere`. */
async function openPage(browser) {
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  page.elsewhere = [];
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(String(error)));
  await page.addInitScript(watchPaints);
  // With every new window Chromium loads a page of a hundred files of its own (chrome://omnibox-popup…): that is not measured.
  await page.waitForTimeout(1500);
  return page;
}

/** Runs in the page. `bench.begin(selector)`: each text newly painted there is kept, with the last key's time before it. */
function watchPaints() {
  const afterPaint = (then) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => then(performance.now());
    channel.port2.postMessage(0);
  });
  const onChange = (look) => {
    const watch = new MutationObserver(look);
    watch.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    return watch;
  };
  let key = 0;
  addEventListener("keydown", (event) => (key = event.timeStamp), { capture: true });
  globalThis.bench = {
    afterPaint,
    onChange,
    /** Each text newly painted: milliseconds from the last key's timeStamp, and when. */
    begin(selector) {
      const textNow = () => document.querySelector(selector)?.textContent?.trim() ?? "";
      let shown = textNow();
      bench.shown = shown;
      bench.paints = [];
      bench.waiting = undefined;
      onChange(() => {
        const text = textNow();
        if (text === "" || text === shown) {
          return;
        }
        shown = text;
        const pressed = key;
        afterPaint((now) => {
          bench.paints.push({ text, ms: now - pressed, at: now });
          bench.waiting?.();
        });
      });
    },
    async reached(count) {
      while (bench.paints.length < count) {
        await new Promise((done) => (bench.waiting = done));
      }
      return bench.paints[count - 1].text;
    },
  };
}

/** Presses `keys(text)` for the task with that text, as soon as it is painted, `count` times. */
async function work(page, { selector, keys, count }) {
  await page.locator(selector).first().waitFor();
  await page.waitForFunction((at) => document.querySelector(at)?.textContent.trim(), selector);
  await page.evaluate((at) => globalThis.bench.begin(at), selector);
  let text = await page.evaluate(() => globalThis.bench.shown);
  const said = [];
  const begin = performance.now();
  for (let i = 0; i < count; ++i) {
    const pressed = keys(text);
    said.push({ text, keys: pressed });
    for (const key of pressed) {
      await page.keyboard.press(key);
    }
    text = await within(20_000, page.evaluate((n) => globalThis.bench.reached(n), i + 1), `task ${i + 2} after ${pressed}`);
  }
  const seconds = (performance.now() - begin) / 1000;
  return { seconds, said, ms: await page.evaluate(() => globalThis.bench.paints.map((one) => one.ms)) };
}

function within(milliseconds, promise, what) {
  let timer;
  const late = new Promise((_, failed) => (timer = setTimeout(() => failed(new Error(`waited in vain for ${what}`)), milliseconds)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function refuseElsewhere(page, url) {
  await page.route((address) => !["data:", "blob:"].includes(address.protocol) && address.origin !== new URL(url).origin, (route) => {
    page.elsewhere.push(route.request().url());
    return route.abort();
  });
}

/** The label page with a name given. */
async function openDesk(browser, url, name) {
  const page = await openPage(browser);
  await refuseElsewhere(page, url);
  await page.goto(`${url}/#/label`);
  await page.getByRole("textbox").fill(name);
  await page.keyboard.press("Enter");
  await page.locator("[data-task]").waitFor();
  return page;
}

/** Until the server has `count` answers of `actor`. */
async function stored(url, actor, count) {
  const end = performance.now() + 20_000;
  for (let known = 0; known < count;) {
    known = (await (await fetch(`${url}/v1/models/news/label-events?actor=${actor}&limit=1000`)).json()).events.length;
    if (known < count && performance.now() > end) {
      throw new Error(`${known} of ${count} answers were stored`);
    }
  }
}

const measures = {
  /** Gzip bytes of what a first visit loads, and of what each view then adds. */
  async bytes({ url }) {
    const browser = await openBrowser();
    const visit = async (place) => {
      const page = await openPage(browser);
      await refuseElsewhere(page, url);
      const found = new Map();
      const reading = [];
      page.on("response", (response) => {
        const name = new URL(response.url()).pathname;
        if (name === "/" || /\.(js|css|svg)$/.test(name)) {
          reading.push(response.body().then((body) => found.set(name, zlib.gzipSync(body, { level: 9 }).length)));
        }
      });
      const settle = async () => {
        for (let known = -1; known !== reading.length;) {
          known = reading.length;
          await page.waitForTimeout(400); // for parts that a part asks for
        }
        await Promise.all(reading);
      };
      await page.goto(url);
      await page.locator(".big").first().waitFor();
      await settle();
      const first = new Map(found);
      const places = await page.evaluate(() => [...document.querySelectorAll('a[href^="#/"]')].map((link) => link.getAttribute("href")));
      if (place !== undefined) {
        const title = await page.locator("main h1").first().textContent();
        await page.evaluate((hash) => (location.hash = hash), place);
        await page.waitForFunction((old) => ![old, undefined].includes(document.querySelector("main h1")?.textContent), title);
        await settle();
      }
      await page.context().close();
      return { first, found, places: [...new Set(places)] };
    };
    const js = (files) => [...files].filter(([name]) => name.endsWith(".js")).reduce((sum, [, size]) => sum + size, 0);
    const home = await visit();
    const views = {};
    for (const place of home.places.filter((one) => one !== "#/")) {
      const { first, found } = await visit(place);
      views[place] = js(found) - js(first);
    }
    await browser.close();
    return { js: js(home.first), all: [...home.first.values()].reduce((a, b) => a + b, 0), files: Object.fromEntries(home.first), views };
  },

  /** Key press to the next task painted. */
  async keys({ url, count, labels }) {
    const browser = await openBrowser();
    const page = await openDesk(browser, url, "presser");
    let pressed = 0;
    const done = await work(page, { selector: "[data-task]", count, keys: () => [`Digit${(pressed++ % labels) + 1}`] });
    await stored(url, "presser", count);
    const problems = page.problems;
    await browser.close();
    return { ms: done.ms, seconds: done.seconds, problems };
  },

  /** A first visit to home, `count` times: navigation start to four numbers painted. */
  async home({ url, count }) {
    const browser = await openBrowser();
    const ms = [];
    for (let i = 0; i < count; ++i) {
      const page = await openPage(browser);
      await page.addInitScript(() => {
        globalThis.cards = new Promise((done) => {
          const watch = globalThis.bench.onChange(() => {
            const numbers = [...document.querySelectorAll(".cards .big")].filter((one) => one.textContent.trim() !== "");
            if (numbers.length === 4) {
              watch.disconnect();
              globalThis.bench.afterPaint(done); // performance.now() counts from navigation start
            }
          });
        });
      });
      await page.goto(url, { waitUntil: "commit" });
      ms.push(await within(20_000, page.evaluate(() => globalThis.cards), "the cards"));
      await page.context().close();
    }
    await browser.close();
    return { ms };
  },

  async chart({ count, steps }) {
    const { page: folder, server, url } = await chartPage();
    const browser = await openBrowser();
    try {
      const mounts = [];
      let moved;
      for (let i = 0; i < count; ++i) {
        const page = await openPage(browser);
        await page.goto(url);
        await page.waitForFunction(() => globalThis.bench?.move);
        mounts.push(await page.evaluate(() => globalThis.bench.mount()));
        if (i + 1 === count) {
          // In to a sixteenth, along, out, and along again.
          const kinds = [...Array(4).fill({ key: "+" }), ...Array(20).fill({ key: "ArrowRight", shiftKey: true }), ...Array(3).fill({ key: "-" }), ...Array(13).fill({ key: "ArrowLeft", shiftKey: true })];
          moved = await page.evaluate((keys) => globalThis.bench.move(keys), Array.from({ length: steps }, (_, k) => kinds[k % kinds.length]));
        }
        await page.context().close();
      }
      return { mounts, ...moved };
    } finally {
      await browser.close();
      server.close();
      fs.rmSync(folder, { recursive: true, force: true });
    }
  },

  /** A person who reads nothing and never waits, on the label page; `answers`: text -> digit. */
  async label({ url, count, answers }) {
    const browser = await openBrowser();
    const page = await openDesk(browser, url, "typist");
    const begin = performance.now();
    const done = await work(page, { selector: "[data-task]", count, keys: (text) => [`Digit${answers[text]}`] });
    await stored(url, "typist", count); // Label Studio's next task comes once the answer is stored, so ours end there, too
    const seconds = (performance.now() - begin) / 1000;
    const { elsewhere, problems } = page;
    await browser.close();
    return { ...done, seconds, elsewhere, problems };
  },

  /** The same person in Label Studio's own label stream, by its own hotkeys. */
  async label_studio({ url, email, password, project, count, answers, submit }) {
    const browser = await openBrowser();
    const page = await openPage(browser);
    try {
      await refuseElsewhere(page, url);
      await page.goto(`${url}/user/login/`);
      await page.locator('input[name="email"]').fill(email);
      await page.locator('input[name="password"]').fill(password);
      await page.keyboard.press("Enter");
      await page.waitForURL((address) => !address.pathname.includes("login"));
      await page.goto(`${url}/projects/${project}/data?labeling=1`);
      const done = await work(page, { selector: kPeerText, count, keys: (text) => [String(answers[text]), submit] });
      return { ...done, elsewhere: page.elsewhere, problems: page.problems };
    } catch (error) {
      if (process.env.SHOT) { // a file for a picture of what went wrong
        await page.screenshot({ path: process.env.SHOT });
      }
      throw error;
    } finally {
      await browser.close();
    }
  },
};

const kPeerText = ".lsf-richtext__container";

/** Builds the chart's page into a temporary folder and serves it on loopback. */
async function chartPage() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "flywheel-chart-"));
  fs.symlinkSync(path.join(web, "node_modules"), path.join(folder, "node_modules"));
  fs.copyFileSync(path.join(bench, "page_chart.js"), path.join(folder, "page_chart.js"));
  fs.writeFileSync(path.join(folder, "index.html"), '<!doctype html><html lang="en"><body><div id="page"></div><script type="module" src="/page_chart.js"></script></body></html>');
  const vite = await import(pathToFileURL(path.join(web, "node_modules/vite/dist/node/index.js")));
  const { svelte } = await import(pathToFileURL(path.join(web, "node_modules/@sveltejs/vite-plugin-svelte/src/index.js")));
  await vite.build({
    root: folder, configFile: false, logLevel: "error", plugins: [svelte({ configFile: false })],
    resolve: { alias: { web: path.join(web, "src") } }, build: { target: "es2022", outDir: path.join(folder, "dist") },
  });
  const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
  const server = http.createServer((request, response) => {
    const file = path.join(folder, "dist", request.url === "/" ? "index.html" : path.normalize(request.url));
    fs.readFile(file, (error, content) => {
      response.writeHead(error ? 404 : 200, { "Content-Type": types[path.extname(file)] ?? "application/octet-stream" });
      response.end(error ? "" : content);
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { page: folder, server, url: `http://127.0.0.1:${server.address().port}/` };
}

const [what, wishes] = process.argv.slice(2);
console.log(JSON.stringify(await measures[what](JSON.parse(wishes ?? fs.readFileSync(0, "utf8")))));
