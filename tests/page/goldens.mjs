// SPDX-License-Identifier: Apache-2.0
// Records what the servers of goldens.py answer to the scenes, into recordings/WORLD.json.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { openBrowser } from "./browser.mjs";
import { openAt, record } from "./playback.mjs";
import { kScenes } from "./scenes.mjs";

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), "recordings");
const browser = await openBrowser();
fs.mkdirSync(folder, { recursive: true });
for (const world of new Set(kScenes.map((scene) => scene.world))) {
  const server = process.env[`${world.toUpperCase()}_URL`];
  const scenes = kScenes.filter((scene) => scene.world === world && scene.pictures.length > 1); // the others ask the same
  if (world === "guarded") {
    const key = { method: "POST", body: JSON.stringify({ name: "boss", roles: ["admin"] }), headers: { "Content-Type": "application/json" } };
    const made = await fetch(`${server}/v1/keys`, key);
    if (!made.ok) {
      throw new Error(`no key was made: ${await made.text()}`);
    }
  }
  const time = Math.floor(Date.now() / 1000) * 1000;
  const answers = {};
  for (const scene of scenes) {
    let all;
    const prepare = async (one) => {
      all = record(one, answers);
      // The server's time stands as the browser's does: what is asked from it on is the same question when this is played.
      await one.route("**/v1/me", async (route) => {
        const response = await route.fetch();
        await (response.ok() ? route.fulfill({ response, json: { ...(await response.json()), time: new Date(time).toISOString() } }) : route.fulfill({ response }));
      });
    };
    const page = await openAt(browser, time, scene, { server, prepare });
    await scene.ready(page);
    // What comes of an answer may ask again.
    for (let before = -1, still = 0; still < 2; still = before === Object.keys(answers).length ? still + 1 : 0) {
      before = Object.keys(answers).length;
      await page.waitForTimeout(500);
      await all();
    }
    await page.context().close();
    console.log(`${scene.name}: ${Object.keys(answers).length} answers of ${world}`);
  }
  const lines = Object.entries(answers).map(([name, answer]) => `${JSON.stringify(name)}: ${JSON.stringify(answer)}`);
  fs.writeFileSync(path.join(folder, `${world}.json`), `{"time": ${time},\n"answers": {\n${lines.join(",\n")}\n}}\n`);
}
await browser.close();
