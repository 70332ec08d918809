// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import type { Evaluation } from "./api";
import { rateOf } from "./rate";
import { pairedOf, rolloutOf, ruleOf } from "./verdict";

const judged: Evaluation = {
  id: "e", turn: null, challenger: "b", champion: "a", n: 83, both_right: 65, only_challenger: 1, only_champion: 2, p_better: 0.875, p_worse: 0.5,
  delta_lower: -0.0599, challenger_log_loss: 0.66, champion_log_loss: 0.688, verdict: "undecided", reason: "", created: "2021-01-01T00:00:00Z",
};

describe("a verdict", () => {
  it("has a table whose cells are all items", () => {
    const paired = pairedOf(judged);
    expect(paired).toMatchObject({ both: 65, only_new: 1, only_old: 2, neither: 15, difference: -1 / 83 });
    expect(paired?.new_right).toMatchObject({ value: 66 / 83, n: 83 });
    expect(paired?.old_right).toMatchObject({ value: 67 / 83, n: 83 });
  });

  it("has no table without a champion or without items", () => {
    expect(pairedOf({ ...judged, champion: null })).toBeNull();
    expect(pairedOf({ ...judged, n: 0 })).toBeNull();
  });

  it("names the rule that decided", () => {
    expect(ruleOf({ ...judged, champion: null, verdict: "promote" }, true)).toBe("first");
    expect(ruleOf({ ...judged, verdict: "promote", p_better: 0.01 }, true)).toBe("better");
    expect(ruleOf({ ...judged, verdict: "promote", p_better: 0.2 }, true)).toBe("no_worse");
    expect(ruleOf({ ...judged, verdict: "keep", p_worse: 0.03 }, false)).toBe("worse");
    expect(ruleOf({ ...judged, verdict: "keep", p_worse: 0.3 }, false)).toBe("worse_class");
    expect(ruleOf(judged, true)).toBe("open_released");
    expect(ruleOf(judged, false)).toBe("open_kept");
  });

  it("finds the rollout that it led to", () => {
    const rollout = { id: "r", evaluation: "e", state: "done" } as Parameters<typeof rolloutOf>[1][number];
    expect(rolloutOf(judged, [rollout])?.id).toBe("r");
    expect(rolloutOf(judged, [{ ...rollout, evaluation: null }])).toBeUndefined();
  });
});

describe("a rate", () => {
  it("has the interval of the server", () => {
    // GET /v1/turns: 10 of 16 audited rows.
    expect(rateOf(10, 16).lower).toBeCloseTo(0.3864104, 6);
    expect(rateOf(10, 16).upper).toBeCloseTo(0.8151877, 6);
  });

  it("of nothing says nothing", () => {
    expect(rateOf(0, 0)).toEqual({ value: 0, lower: 0, upper: 1, n: 0 });
  });
});
