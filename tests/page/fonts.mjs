// SPDX-License-Identifier: Apache-2.0
// What decides how letters look here: the browser, and the font files that it takes for the page's families.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";

const kFamilies = ["system-ui", "system-ui:bold", "system-ui:lang=ko", "system-ui:lang=ko:bold", "monospace", "monospace:lang=ko"];

/** Of each family its file's name and the first digits of its SHA-256. */
function fonts() {
  return Object.fromEntries(kFamilies.map((family) => {
    const file = execFileSync("fc-match", ["-f", "%{file}", family], { encoding: "utf8" });
    return [family, `${file.split("/").at(-1)} ${createHash("sha256").update(fs.readFileSync(file)).digest("hex").slice(0, 16)}`];
  }));
}

export function letters(browser) {
  try {
    return { browser: browser.version(), fonts: fonts() };
  } catch (error) {
    return { browser: browser.version(), fonts: `not known: ${error.message}` };
  }
}

/** Why these are other letters than those; "" = they are the same. */
export function otherLetters(those, these) {
  if (those.browser !== these.browser) {
    return `the browser is ${these.browser}, the pictures are of ${those.browser}`;
  }
  const other = Object.keys(those.fonts).find((family) => those.fonts[family] !== these.fonts[family]);
  return other === undefined ? "" : `the font of ${other} is ${these.fonts[other] ?? these.fonts}, the pictures have ${those.fonts[other]}`;
}
