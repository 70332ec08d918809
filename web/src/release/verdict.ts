// SPDX-License-Identifier: Apache-2.0
// What a gate verdict says, from its paired counts: the 2x2 table, the rates, and which rule decided. No screen.
import type { Interval } from "../base/format";
import type { Evaluation, Rollout } from "./api";
import { rateOf } from "./rate";

/** How many hold-out items each of the two had right or wrong. */
export interface Paired {
  both: number;
  only_new: number;
  only_old: number;
  neither: number;
  new_right: Interval;
  old_right: Interval;
  /** (only_new - only_old) / n */
  difference: number;
}

/** Null when there was nothing to pair: no champion, or no item. */
export function pairedOf(evaluation: Evaluation): Paired | null {
  const { n, both_right: both, only_challenger: only_new, only_champion: only_old } = evaluation;
  if (evaluation.champion === null || n <= 0) {
    return null;
  }
  return {
    both,
    only_new,
    only_old,
    neither: Math.max(0, n - both - only_new - only_old),
    new_right: rateOf(both + only_new, n),
    old_right: rateOf(both + only_old, n),
    difference: (only_new - only_old) / n,
  };
}

/** The gate's level of each one-sided test (src/rooms/evaluation/evaluation.h, GatePlan). */
const kAlpha = 0.05;

export type Rule = "first" | "better" | "no_worse" | "worse" | "worse_class" | "open_released" | "open_kept";

/** Which of the gate's rules decided, in the order in which it asks them. */
export function ruleOf(evaluation: Evaluation, released: boolean): Rule {
  if (evaluation.champion === null) {
    return "first";
  }
  switch (evaluation.verdict) {
    case "promote":
      return evaluation.p_better <= kAlpha ? "better" : "no_worse";
    case "keep":
      return evaluation.p_worse <= kAlpha ? "worse" : "worse_class";
    case "undecided":
      return released ? "open_released" : "open_kept";
  }
}

/** The rollout that a verdict led to. */
export function rolloutOf(evaluation: Evaluation, rollouts: readonly Rollout[]): Rollout | undefined {
  return rollouts.find((one) => one.evaluation === evaluation.id && one.state === "done");
}
