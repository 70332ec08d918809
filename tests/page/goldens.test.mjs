// SPDX-License-Identifier: Apache-2.0
// Every view as it was last looked at by a person. When it is meant to look otherwise: tests/page/goldens.py PATH_OF_FLYWHEEL --renew, look at
// what git says has changed, and commit it.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { openBrowser } from "./browser.mjs";
import { letters, otherLetters } from "./fonts.mjs";
import { compare, kUnseen, smallPng } from "./pixels.mjs";
import { openAt, play, stillPicture } from "./playback.mjs";
import { kScenes } from "./scenes.mjs";

/** So much of a picture may differ: in 1280 x 900 the size of a comma. More is a word, a line or a place. */
const kTolerance = 0.00002;

const here = path.dirname(fileURLToPath(import.meta.url));
const goldens = path.join(here, "goldens");
const madeWith = path.join(goldens, "letters.json");
const seen = path.join(here, "../../build/goldens");
const renew = process.env.RENEW_GOLDENS === "1";

const browser = await openBrowser();
after(() => browser.close());
const these = letters(browser);
const skip = renew ? "" : fs.existsSync(madeWith) ? otherLetters(JSON.parse(fs.readFileSync(madeWith, "utf8")), these) : "there are no pictures yet";
if (skip) {
  console.log(`SKIPPED: pictures are not compared: ${skip}`);
}
const worlds = Object.fromEntries([...new Set(kScenes.map((scene) => scene.world))].map((world) => {
  return [world, JSON.parse(fs.readFileSync(path.join(here, "recordings", `${world}.json`), "utf8"))];
}));

function renewed(golden, picture) {
  fs.mkdirSync(goldens, { recursive: true });
  // What looks the same stays the same file.
  if (!fs.existsSync(golden) || compare(fs.readFileSync(golden), picture).share > kUnseen) {
    const small = smallPng(picture);
    assert.ok(small, "it has too many colours");
    fs.writeFileSync(golden, small);
  }
}

/** What is wrong with it; "" = nothing. */
function judged(name, golden, picture) {
  const { share, why, difference } = compare(fs.readFileSync(golden), picture);
  if (share <= kTolerance) {
    return [];
  }
  fs.mkdirSync(seen, { recursive: true });
  const files = { actual: path.join(seen, `${name}-actual.png`), difference: path.join(seen, `${name}-difference.png`) };
  fs.writeFileSync(files.actual, picture);
  fs.writeFileSync(files.difference, difference);
  return [`${name} looks otherwise (${why}): see ${files.actual} and ${files.difference}`];
}

for (const scene of kScenes) {
  test(`${scene.name} looks as it did`, { skip: skip || false }, async () => {
    const { time, answers } = worlds[scene.world];
    const page = await openAt(browser, time, scene, { prepare: (one) => play(one, answers) });
    await scene.ready(page);
    const wrong = [];
    for (const { name, colours, whole } of scene.pictures) {
      await page.emulateMedia({ colorScheme: colours });
      const picture = await stillPicture(page, whole);
      const golden = path.join(goldens, `${name}.png`);
      wrong.push(...(renew ? (renewed(golden, picture) ?? []) : judged(name, golden, picture)));
    }
    const { unknown } = page;
    await page.context().close();
    assert.deepEqual(unknown, [], "the page asks for what was not recorded: tests/page/goldens.py PATH_OF_FLYWHEEL --record");
    assert.deepEqual(wrong, [], "if that is meant: tests/page/goldens.py PATH_OF_FLYWHEEL --renew");
  });
}

if (renew) {
  test("the browser and the fonts of the pictures are written down", () => {
    fs.writeFileSync(madeWith, `${JSON.stringify(these, null, 2)}\n`);
    const wanted = new Set(["letters.json", ...kScenes.flatMap((scene) => scene.pictures.map(({ name }) => `${name}.png`))]);
    fs.readdirSync(goldens).filter((file) => !wanted.has(file)).forEach((file) => fs.unlinkSync(path.join(goldens, file)));
  });
}
