// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import type { Key } from "./api";
import { isLastAdmin, peopleOf } from "./people";

const kNow = Date.parse("2026-03-01T00:00:00Z");

function key(name: string, values: Partial<Key> = {}): Key {
  return { name, roles: ["label"], rate: 0, burst: 0, created: "2026-01-01T00:00:00Z", expires: null, last_used: null, revoked: null, ...values };
}

const answered = (actor: string, answers: number) => ({ actor, answers, skips: 0, newest: "2026-02-01T00:00:00Z" });

describe("people", () => {
  it("are keys and names under answers, each once", () => {
    const people = peopleOf([key("kim", { last_used: "2026-02-02T00:00:00Z" }), key("boss", { roles: ["admin"] })], [answered("kim", 7), answered("before", 9)], kNow);
    expect(people.map(({ name, door, answers }) => [name, door, answers])).toEqual([["kim", "in", 7], ["boss", "in", 0], ["before", "none", 9]]);
    expect(people[0]).toMatchObject({ last_used: "2026-02-02T00:00:00Z", newest_answer: "2026-02-01T00:00:00Z" });
  });

  it("are out when their key was revoked or is over, and in again with a new one", () => {
    const gone = { revoked: "2026-01-05T00:00:00Z", roles: ["admin"] };
    const people = peopleOf([key("kim", gone), key("lee", gone), key("lee"), key("park", { expires: "2026-02-01T00:00:00Z" })], [], kNow);
    expect(people.map(({ name, door, roles }) => [name, door, roles])).toEqual([["lee", "in", ["label"]], ["kim", "out", ["admin"]], ["park", "out", ["label"]]]);
  });

  it("keep their last admin", () => {
    const people = peopleOf([key("boss", { roles: ["admin"] }), key("kim")], [], kNow);
    expect(people.map((one) => isLastAdmin(one, people))).toEqual([true, false]);
    const two = peopleOf([key("boss", { roles: ["admin"] }), key("chief", { roles: ["admin"] })], [], kNow);
    expect(two.some((one) => isLastAdmin(one, two))).toBe(false);
  });
});
