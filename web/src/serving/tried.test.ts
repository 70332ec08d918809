// SPDX-License-Identifier: Apache-2.0
// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from "vitest";

import { Tried, type Try } from "./tried";

const one = (id: string, text = "x"): Try => ({ id, text, time: 1, milliseconds: 2, answer: { version: "1", label: "a", scores: [] } });

describe("what was tried", () => {
  beforeEach(() => sessionStorage.clear());

  it("is there after a reload, for the same person and model only", () => {
    new Tried("news", "kim").save([{ ...one("b"), said: { kind: "label", label: "한국" } }, one("a")]);
    expect(new Tried("news", "kim").load().map((each) => [each.id, each.said?.label])).toEqual([["b", "한국"], ["a", undefined]]);
    expect(new Tried("news", "lee").load()).toEqual([]);
    expect(new Tried("mail", "kim").load()).toEqual([]);
  });

  it("has an end", () => {
    const tried = new Tried("news", "kim");
    tried.save(Array.from({ length: 80 }, (_, i) => one(String(i))));
    expect(tried.load().length).toBe(50);
    expect(tried.load()[0]?.id).toBe("0");
    tried.save([one("short"), one("long", "x".repeat(600_000)), one("next")]);
    expect(tried.load().map((each) => each.id)).toEqual(["short"]);
  });

  it("does without storage", () => {
    const closed = { getItem: () => "{broken", setItem: () => { throw new Error("full"); } } as unknown as Storage;
    const tried = new Tried("news", "kim", closed);
    tried.save([one("a")]);
    expect(tried.load()).toEqual([]);
  });
});
