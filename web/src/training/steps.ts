// SPDX-License-Identifier: Apache-2.0
// How far a turn has come. No screen.
import type { TurnInFull } from "./api";

/** In the order of a turn (src/gateway/v1/turns.cpp). */
const kSteps = ["observe", "collect", "choose", "gather", "decide", "cut", "tune", "train", "judge", "release", "correct", "settle"] as const;

export interface StepShown {
  name: string;
  state: "done" | "now" | "ahead" | "skipped";
}

export function stepsOf(turn: Pick<TurnInFull, "state" | "step" | "steps">): StepShown[] {
  const done = new Set(turn.steps.map((step) => step.name));
  const running = turn.state === "open" || turn.state === "waiting";
  const names = [...new Set<string>([...kSteps, ...done, ...(running && turn.step !== "" ? [turn.step] : [])])];
  return names.map((name) => ({
    name,
    state: done.has(name) ? "done" : running && name === turn.step ? "now" : running ? "ahead" : "skipped",
  }));
}
