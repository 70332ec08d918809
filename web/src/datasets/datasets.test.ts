// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import type { LabelEvent } from "../labeling/api";
import type { Item, Membership, Version } from "./api";
import { staysOf, stepsOf } from "./time_line";
import { byClass, kMostListed, numberOf, pairFrom, rowsOf } from "./versions";

function version(id: string, counts: Version["counts"] = {}): Version {
  return { id, parent: null, created: "2026-11-28T15:00:00Z", author: "loop", message: "", rows: 0, counts };
}

function member(number: number, split: Membership["split"], label = "a"): Membership {
  return { dataset: `d${number}`, number, created: `2026-11-0${number}T00:00:00Z`, split, label };
}

describe("dataset versions", () => {
  const versions = [version("c"), version("b"), version("a")];

  it("are numbered from the oldest, unless the list is cut off", () => {
    expect(versions.map((one) => numberOf(versions, one.id))).toEqual([3, 2, 1]);
    expect(numberOf(versions, "x")).toBeUndefined();
    expect(numberOf(Array.from({ length: kMostListed }, (_, i) => version(String(i))), "3")).toBeUndefined();
  });

  it("are compared with the one before, unless the address says otherwise", () => {
    const pair = (query: string) => {
      const { before, after } = pairFrom(new URLSearchParams(query), versions);
      return [before?.id, after?.id];
    };
    expect(pair("")).toEqual(["b", "c"]);
    expect(pair("after=b")).toEqual(["a", "b"]);
    expect(pair("before=a&after=c")).toEqual(["a", "c"]);
    expect(pair("before=gone&after=a")).toEqual([undefined, "a"]);
    expect(pairFrom(new URLSearchParams(), [])).toEqual({ before: undefined, after: undefined });
  });

  it("are counted by split and class, also classes that only one has", () => {
    const before = version("x", { train: { b: 2, a: 1 }, test: { a: 5 } });
    const after = version("y", { train: { a: 4 }, valid: { c: 1 } });
    expect(rowsOf(before, "train")).toBe(3);
    expect(rowsOf(before, "valid")).toBe(0);
    expect(byClass(before, after).map((one) => [one.label, one.before, one.after, ...one.splits.map((split) => `${split.before}>${split.after}`)])).toEqual([
      ["a", 6, 4, "1>4", "0>0", "5>0"], ["b", 2, 0, "2>0", "0>0", "0>0"], ["c", 0, 1, "0>0", "0>1", "0>0"],
    ]);
    expect(byClass(undefined, after).map((one) => one.before)).toEqual([0, 0]);
  });
});

describe("the history of an item", () => {
  it("joins versions in which it stood the same, and only these", () => {
    const stays = staysOf([member(7, "train"), member(2, "train"), member(1, "train"), member(3, "train", "b"), member(4, "test", "b"), member(6, "train")]);
    expect(stays.map((stay) => [stay.first.number, stay.last.number, stay.versions.length, stay.first.split, stay.first.label])).toEqual([
      [1, 2, 2, "train", "a"], [3, 3, 1, "train", "b"], [4, 4, 1, "test", "b"], [6, 7, 2, "train", "a"],
    ]);
    expect(staysOf([])).toEqual([]);
  });

  it("is in order of time, and an undo knows what it took back", () => {
    const event = (seq: number, received: string, rest: Partial<LabelEvent> = {}) =>
      ({ event_id: `e${seq}`, seq, actor: "kim", action: "answer", label: "a", received, undone: false, target: null, ...rest }) as LabelEvent;
    const item: Item = {
      item: "i", text: "", group: "i", multiplicity: 2, origin: "", licence: "", first_seen: "2026-11-01T00:00:00Z", last_seen: "2026-11-03T00:00:00Z", label: "a",
      label_answers: 1, label_agreeing: 1, label_decided: false, label_gold: false, holdout: false, group_members: [], datasets: [member(2, "train")],
      events: [event(3, "2026-11-02T00:00:00.5Z", { action: "undo", target: "e2" }), event(2, "2026-11-02T00:00:00Z"), event(1, "2026-11-01T00:00:00Z")],
    };
    const steps = stepsOf(item);
    expect(steps.map((step) => (step.what === "said" ? step.event.event_id : step.what))).toEqual(["first_seen", "e1", "e2", "stay", "e3", "last_seen"]);
    expect(steps.flatMap((step) => (step.what === "said" ? [step.target?.event_id] : []))).toEqual([undefined, undefined, "e2"]);
    expect(stepsOf({ ...item, last_seen: item.first_seen }).some((step) => step.what === "last_seen")).toBe(false);
  });
});
