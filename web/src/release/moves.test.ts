// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import type { Rollout, Standing } from "./api";
import { choicesFor, kActs, possible, rollbackOf, shareOf } from "./moves";

const versions = [{ number: 3 }, { number: 2 }, { number: 1 }];

function standing(labels: Partial<Standing["labels"]>, live?: Partial<Rollout>): Standing {
  return { model: "news", labels: { stable: 0, canary: 0, previous: 0, shadow: 0, ...labels }, loaded: [], live: (live as Rollout) ?? null };
}

const offered = (one: Standing, all = versions) => kActs.filter((act) => possible(act, one, all));

describe("what may be done", () => {
  it("is what the server takes", () => {
    expect(offered(standing({}), [])).toEqual([]);
    expect(offered(standing({}))).toEqual(["promote"]);
    expect(offered(standing({ stable: 1 }), [{ number: 1 }])).toEqual([]);
    expect(offered(standing({ stable: 3, previous: 2 }))).toEqual(["rollback", "promote", "canary", "shadow"]);
    expect(offered(standing({ stable: 2, shadow: 3 }, { state: "shadow", to_version: 3 }))).toEqual(["promote", "canary", "share", "finish", "cancel"]);
    expect(offered(standing({ stable: 2, canary: 3 }, { state: "canary", to_version: 3 }))).toEqual(["rollback", "promote", "share", "finish", "cancel"]);
  });

  it("never offers the version that answers", () => {
    expect(choicesFor("promote", standing({ stable: 2 }), versions)).toEqual([3, 1]);
    expect(choicesFor("canary", standing({ stable: 2 }, { state: "shadow", to_version: 3 }), versions)).toEqual([3]);
    expect(choicesFor("cancel", standing({ stable: 2 }), versions)).toEqual([]);
  });

  it("says where a rollback would lead", () => {
    expect(rollbackOf(standing({ stable: 3, previous: 2 }))).toEqual({ from: 3, to: 2, canary: false });
    expect(rollbackOf(standing({ stable: 2, previous: 1, canary: 3 }, { state: "canary", to_version: 3 }))).toEqual({ from: 3, to: 2, canary: true });
    expect(rollbackOf(standing({ stable: 1 }))).toBeNull();
  });
});

describe("a share", () => {
  it("is more than nothing and at most all", () => {
    expect(shareOf(5)).toBe(0.05);
    expect(shareOf(100)).toBe(1);
    expect([0, -1, 101, NaN, null, undefined].map(shareOf)).toEqual([null, null, null, null, null, null]);
  });
});
