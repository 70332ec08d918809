// SPDX-License-Identifier: Apache-2.0
// What must hold of every view, wherever and however it is seen.
import assert from "node:assert/strict";

import { axeViolations, until } from "./browser.mjs";

/** Texts that are no words: each must be shown as it is, run nothing and widen nothing. */
export const kStrange = [
  "<script>globalThis.hacked = 1</script><img src=x onerror='globalThis.hacked = 1'>",
  "x".repeat(10_000),
  "مرحبا بالعالم bank 금리 👩‍👩‍👧‍👦 e\u0301 \u202eabc\u202c",
];

const kLanguages = ["en", "ko"];
const kColours = ["light", "dark"];

/** Nothing is wider than the window, on a phone and on a wide screen. */
export async function fits(page) {
  const before = page.viewportSize();
  for (const width of [320, 2560]) {
    await page.setViewportSize({ width, height: 800 });
    // A chart takes its new width a frame later.
    await until(() => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `nothing wider than ${width} px`);
  }
  await page.setViewportSize(before);
}

/** Strange texts are shown: none of them ran, widened the page or broke it. Closes it. */
export async function staysText(page) {
  await fits(page);
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
  assert.deepEqual(page.problems, []);
  await page.context().close();
}

/**
 * axe finds nothing on the page as it stands, light and dark, in both languages, and it fits in both. Language and colours change in place, by
 * the page's own field and by what the system says: what was opened and chosen stays, and nothing is loaded again.
 * `known`: parts of what the console said for good reason.
 */
export async function cleanEverywhere(page, { known = [] } = {}) {
  for (const language of kLanguages) {
    await page.locator("nav select").first().selectOption(language);
    await page.locator(`html[lang="${language}"]`).waitFor();
    for (const colours of kColours) {
      await page.emulateMedia({ colorScheme: colours });
      await page.locator(`html[data-theme="${colours}"]`).waitFor();
      assert.deepEqual(await axeViolations(page), [], `${language}, ${colours}`);
    }
    await fits(page);
  }
  await page.emulateMedia({ colorScheme: kColours[0] });
  await page.locator("nav select").first().selectOption(kLanguages[0]);
  assert.deepEqual(page.problems.filter((problem) => !known.some((part) => problem.includes(part))), []);
}
