// SPDX-License-Identifier: Apache-2.0
// One picture a line of kPictures, of the server FLYWHEEL_URL, into the folder given.
import path from "node:path";

import { openBrowser, openPage } from "./browser.mjs";

const kPictures = [{ file: "home.png", at: "", shows: "Accuracy over time", height: 860 }];

const folder = process.argv[2];
const browser = await openBrowser();
for (const { file, at, shows, height } of kPictures) {
  const page = await openPage(browser, { at, width: 1280, height });
  await page.getByText(shows).first().waitFor();
  await page.locator("canvas").first().waitFor();
  await page.waitForTimeout(500);
  await page.screenshot({ path: path.join(folder, file) });
}
await browser.close();
