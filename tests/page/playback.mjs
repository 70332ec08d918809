// SPDX-License-Identifier: Apache-2.0
// What a server answered, kept as JSON, and the page on these answers instead of on a server: the same on any machine, at the same moment.
import { openPage } from "./browser.mjs";

const kAsked = /\/(v1|v2)\/|\/metrics$/;

/** "POST /v1/labels", "GET /v1/turns?limit=8". */
function nameOf(request) {
  const { pathname, search } = new URL(request.url());
  return `${request.method()} ${pathname}${search}`;
}

/** A page at `time` (milliseconds UTC). Timers run, the time of day stands. */
export async function openAt(browser, time, { at, language, size }, { server, prepare } = {}) {
  return openPage(browser, {
    at, language, ...size, ...(server === undefined ? {} : { server }),
    prepare: async (page) => {
      await page.clock.setFixedTime(time);
      await page.addInitScript(() => (performance.now = () => 0)); // nothing takes any time
      await prepare?.(page);
    },
  });
}

/** Writes the first answer to each question of the page into `answers`; resolves once all that have begun are there. */
export function record(page, answers) {
  const running = new Set();
  page.on("response", (response) => {
    const name = nameOf(response.request());
    if (!kAsked.test(response.url()) || name.endsWith("/v1/events") || answers[name]) {
      return;
    }
    const done = response.text().then((text) => {
      const type = response.headers()["content-type"] ?? "";
      answers[name] = { status: response.status(), ...(type.startsWith("application/json") ? { json: JSON.parse(text) } : { type, text }) };
    }, () => undefined); // given up by the page, which asks again
    running.add(done);
    void done.finally(() => running.delete(done));
  });
  return async () => {
    while (running.size > 0) {
      await Promise.all(running);
    }
  };
}

/** Answers the page from `answers`; what is not among them is noted in `page.unknown`. The stream of news stays the server's own. */
export async function play(page, answers) {
  page.unknown = [];
  page.measured = false;
  await page.route(kAsked, async (route) => {
    const name = nameOf(route.request());
    const answer = answers[name];
    if (name.endsWith("/v1/events")) {
      await route.continue();
    } else if (name === "GET /metrics" && page.measured) {
      // What is measured between two readings would depend on when the picture is taken: there is no second one.
    } else if (answer) {
      page.measured = name === "GET /metrics" || page.measured;
      await route.fulfill({ status: answer.status, ...("json" in answer ? { json: answer.json } : { contentType: answer.type, body: answer.text }) });
    } else {
      page.unknown.push(name);
      await route.fulfill({ status: 404, json: { error: "This answer was not recorded." } });
    }
  });
}

/** Below this, lists go on. */
const kTallest = 2400;

/** A picture of the page once it stands still: two in a row are the same. If it never does, the last one, for whoever compares it to see. */
export async function stillPicture(page, whole) {
  await page.mouse.move(0, 0);
  const { width, height } = page.viewportSize();
  const all = await page.evaluate(() => document.documentElement.scrollHeight);
  const clip = { x: 0, y: 0, width, height: whole ? Math.min(all, kTallest) : height };
  let before = Buffer.alloc(0);
  for (let i = 0; i < 40; ++i) {
    const now = await page.screenshot({ fullPage: whole, clip, animations: "disabled", caret: "hide" });
    if (now.equals(before)) {
      return now;
    }
    before = now;
    await page.waitForTimeout(150);
  }
  return before;
}
