// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { ApiError, type get } from "../base/api";
import { parsePlace } from "../base/router.svelte";
import type { LabelEvent } from "../labeling/api";
import { eventsOf, orNothing } from "./events";
import { addressOfLook, lookFrom, type Look } from "./look";
import { kNameless, moved, triangleOf } from "./matrix";
import { disputed, pairsOf, votesOf } from "./votes";

function said(seq: number, actor: string, item: string, label: string, rest: Partial<LabelEvent> = {}): LabelEvent {
  return {
    seq, actor, item, label, labels: null, event_id: String(seq), actor_kind: "human", action: "answer", reason: "", text: `text of ${item}`, task_id: null,
    received: "2026-11-28T15:00:00Z", undone: false, target: null, ...rest,
  };
}

describe("the matrix of labels", () => {
  it("has each pair once, whatever its order", () => {
    const { labels, lines } = triangleOf([{ labels: ["c", "a"], pairs: 4 }, { labels: ["a", "b"], pairs: 1 }]);
    expect(labels).toEqual(["a", "b", "c"]);
    expect(lines.map((line) => line.map((cell) => [cell.low, cell.high, cell.pairs, cell.share]))).toEqual([
      [["a", "b", 1, 0.25]], [["a", "c", 4, 1], ["b", "c", 0, 0]],
    ]);
    expect(triangleOf([])).toEqual({ labels: [], lines: [] });
    expect(triangleOf([{ labels: ["a", null], pairs: 1 }]).labels.toSorted()).toEqual(["a", kNameless]);
  });

  it("is walked within its half", () => {
    expect(moved("ArrowRight", { line: 0, column: 0 }, 3)).toEqual({ line: 0, column: 0 });
    expect(moved("ArrowUp", { line: 2, column: 2 }, 3)).toEqual({ line: 1, column: 1 });
    expect(moved("End", { line: 2, column: 0 }, 3)).toEqual({ line: 2, column: 2 });
    expect(moved("PageDown", { line: 0, column: 0 }, 3)).toEqual({ line: 2, column: 0 });
    expect(moved("a", { line: 0, column: 0 }, 3)).toBeUndefined();
  });
});

describe("what people say of an item", () => {
  it("is the newest answer of each that was not taken back, of people only", () => {
    const items = votesOf([
      said(9, "kim", "x", "", { action: "undo", target: "8" }), said(8, "kim", "x", "c", { undone: true }), said(7, "kim", "x", "a"), said(6, "kim", "x", "b"),
      said(5, "lee", "x", "b"), said(4, "bot", "x", "b", { actor_kind: "model" }), said(3, "lee", "y", "b"), said(2, "kim", "z", "", { action: "skip" }),
    ]);
    expect(items.map(({ item, votes }) => [item, votes.map((vote) => [vote.actor, vote.label])])).toEqual([
      ["x", [["kim", "a"], ["lee", "b"]]], ["y", [["lee", "b"]]],
    ]);
    expect(disputed(items, "b", "a").map((one) => one.item)).toEqual(["x"]);
    expect(disputed(items, "b", "c")).toEqual([]);
  });

  it("is counted by pairs of people", () => {
    const items = votesOf([said(5, "a", "x", "1"), said(4, "b", "x", "1"), said(3, "c", "x", "2"), said(2, "d", "x", "3"), said(1, "a", "y", "2")]);
    expect(pairsOf(items, "1", "2")).toBe(2);
    expect(pairsOf(items, "3", "2")).toBe(1);
  });

  it("differs by the labels that one has and the other has not, where a row may have several", () => {
    const several = (seq: number, actor: string, item: string, labels: string[]) => said(seq, actor, item, labels.join("; "), { labels });
    const items = votesOf([
      several(6, "a", "x", ["1", "2"]), several(5, "b", "x", ["2", "1"]), several(4, "a", "y", ["1", "2"]), several(3, "b", "y", ["1"]),
      several(2, "a", "z", ["1"]), several(1, "b", "z", ["3", "2"]),
    ]);
    expect(disputed(items, "1", "2").map((one) => one.item)).toEqual(["z"]);
    expect(disputed(items, "2", kNameless).map((one) => one.item)).toEqual(["y"]);
    expect(pairsOf(items, "3", "1")).toBe(1);
    expect(pairsOf(items, "1", kNameless)).toBe(0);
  });
});

describe("events", () => {
  const all = Array.from({ length: 2500 }, (_, i) => said(2500 - i, "kim", "x", "a"));
  const server = (asked: unknown[]): typeof get =>
    (async (_: string, parameters: Record<string, number>) => {
      asked.push([parameters.limit, parameters.before_seq]);
      return { events: all.filter((event) => event.seq < (parameters.before_seq ?? Infinity)).slice(0, parameters.limit) };
    }) as unknown as typeof get;
  const signal = new AbortController().signal;

  it("come page by page, each once", async () => {
    const asked: unknown[] = [];
    const found = await eventsOf({ model: "m", actor: "", most: 5000 }, signal, server(asked));
    expect(found).toEqual({ events: all, more: false });
    expect(asked).toEqual([[1000, undefined], [1000, 1501], [1000, 501]]);
  });

  it("are none where there are no labels yet; other errors stay errors", async () => {
    expect(await orNothing(Promise.reject(new ApiError(404, "no labels yet")), 0)).toBe(0);
    await expect(orNothing(Promise.reject(new ApiError(403, "no")), 0)).rejects.toThrow("no");
  });

  it("say whether there are more", async () => {
    const find = async (most: number) => eventsOf({ model: "m", actor: "", most }, signal, server([]));
    expect(await find(50)).toEqual({ events: all.slice(0, 50), more: true });
    expect(await find(2499)).toEqual({ events: all.slice(0, 2499), more: true });
    expect(await find(2500)).toEqual({ events: all, more: false });
  });
});

describe("a look at labels", () => {
  it("stands in the address and can be read back", () => {
    const looks: Look[] = [{ pair: undefined, actor: "" }, { pair: { one: "IT/과학 ?", other: "a&b" }, actor: "김 민지" }];
    for (const look of looks) {
      expect(lookFrom(parsePlace(addressOfLook(look)).parameters)).toEqual(look);
    }
    expect(lookFrom(new URLSearchParams("one=a")).pair).toBeUndefined();
  });
});
