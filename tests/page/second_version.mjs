// SPDX-License-Identifier: Apache-2.0
// Makes the project's second version: answers every question of the turn that waits, as people would, until it has ended.
import { ask, model, until } from "./browser.mjs";
import { topicOf } from "./headlines.mjs";

/** A task that somebody took and left is his for a while: so it is answered in his name. */
async function answerAs(actor) {
  for (;;) {
    const { tasks } = await ask(`/v1/models/${model}/tasks?actor=${encodeURIComponent(actor)}&count=100`);
    if (tasks.length === 0) {
      return;
    }
    const answers = tasks.map((task) => ({
      event_id: crypto.randomUUID(), actor, action: "answer", task_id: task.task_id, label: topicOf(task.text) ?? "sports", t_shown: 0, t_saved: 0,
    }));
    const { refused, results } = await ask("/v1/labels", { answers });
    if (refused > 0) {
      throw new Error(`answers were refused: ${JSON.stringify(results.find((result) => result.error))}`);
    }
  }
}

const versions = async () => (await ask(`/v1/models/${model}/versions`)).versions;

/** Tests that move versions do so in the project that page_test.py made, and in no other that happens to answer. */
export async function wantOwnProject() {
  if ((await versions()).length > 2) {
    throw new Error("this server has a project of its own: nothing is moved here");
  }
}

export async function secondVersion() {
  await wantOwnProject();
  if ((await versions()).length > 1) {
    return;
  }
  const { annotators } = await ask(`/v1/models/${model}/annotators`);
  const left = ["reader", "axe", "slow", "noah", "doubter"]; // they looked, and may have answered nothing
  for (const actor of new Set(["answerer", ...left, ...annotators.map((one) => one.actor)])) {
    await answerAs(actor);
  }
  await until(async () => (await versions()).length > 1, "a second version", 120_000);
  await until(async () => (await ask("/v1/turns?limit=2")).turns.some((turn) => turn.number === 2 && turn.ended !== null), "the end of its turn", 120_000);
}
