// SPDX-License-Identifier: Apache-2.0
// A project and a server of a test's own, by the built program.
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { until } from "./browser.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const program = process.env.FLYWHEEL ?? path.join(root, "build/release/flywheel");

/** `make(flywheel, project, folder)` fills the project; flywheel(...words) runs the program. */
export async function ownServer(make) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "flywheel-page-"));
  const project = path.join(folder, "project");
  await make((...words) => execFileSync(program, words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }), project, folder);
  const child = spawn(program, ["serve", project, "--port", "0"], { stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  child.stdout.on("data", (piece) => (said += piece));
  const url = await until(() => / at (http\S+)/.exec(said)?.[1], "the server", 60_000);
  return {
    url,
    async stop() {
      const gone = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      await gone;
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
