// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import type { Step, TurnInFull } from "./api";
import { stepsOf } from "./steps";

function turn(state: TurnInFull["state"], step: string, ...done: string[]) {
  return { state, step, steps: done.map((name) => ({ name }) as Step) };
}

const of = (one: Parameters<typeof stepsOf>[0], state: string) => stepsOf(one).filter((step) => step.state === state).map((step) => step.name);

describe("the steps of a turn", () => {
  it("are done, now, or to come", () => {
    const waiting = turn("waiting", "gather", "observe", "collect", "choose");
    expect(of(waiting, "done")).toEqual(["observe", "collect", "choose"]);
    expect(of(waiting, "now")).toEqual(["gather"]);
    expect(of(waiting, "ahead")[0]).toBe("decide");
  });

  it("that a turn never reached are not to come", () => {
    const failed = turn("failed", "train", "observe");
    expect(of(failed, "now")).toEqual([]);
    expect(of(failed, "ahead")).toEqual([]);
    expect(of(failed, "skipped")).toContain("train");
  });

  it("of another program are shown too", () => {
    expect(of(turn("open", "polish", "sand"), "now")).toEqual(["polish"]);
    expect(of(turn("open", "polish", "sand"), "done")).toEqual(["sand"]);
  });
});
