// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import type { JudgedRow, JudgedRows } from "./api";
import {
  accuracyOf, betsOf, confusionOf, countPairs, labelsOf, lengthOf, sharesByClass, slicesByClass, slicesByLength, slicesByWord, surestWrongFirst, wordsOf,
} from "./slices";

function row(text: string, truth: string, challenger: string, champion: string | null, probability = 0.8): JudgedRow {
  return {
    item: text, text, truth, note: "", scores_challenger: [], scores_champion: null,
    challenger: { label: challenger, probability }, champion: champion === null ? null : { label: champion, probability },
  };
}

const rows = [
  row("bank 금리", "a", "a", "a", 0.9),
  row("Bank loan", "a", "b", "a", 0.7),
  row("vote", "b", "b", "a", 0.6),
  row("goal 👩‍👩‍👧 bank", "b", "a", "a", 0.95),
  row("law", "b", "b", "b", 0.5),
];

describe("the matrix", () => {
  it("counts each row once, by truth and by what was said", () => {
    expect(confusionOf(rows, ["a", "b"], "challenger").map((line) => line.map((cell) => cell.count))).toEqual([[1, 1], [1, 2]]);
    const champion = confusionOf(rows, ["a", "b", "c"], "champion");
    expect(champion.map((line) => line.map((cell) => cell.count))).toEqual([[2, 0, 0], [2, 1, 0], [0, 0, 0]]);
    expect(champion[1]?.[0]).toEqual({ truth: "b", said: "a", count: 2, share: 2 / 3 });
    expect(champion[2]?.[2]?.share).toBe(0);
  });

  it("has every class that somebody named", () => {
    const judged: JudgedRows = { labels: ["b", "a"], challenger: 2, champion: 1, dataset: "", rows: [...rows, row("x", "new", "a", "old")] };
    expect(labelsOf(judged)).toEqual(["b", "a", "new", "old"]);
  });
});

describe("shares", () => {
  it("by class are recall and precision", () => {
    const [a, b, c] = sharesByClass(rows, ["a", "b", "c"]);
    expect(a?.recall.challenger).toMatchObject({ value: 0.5, n: 2 });
    expect(a?.precision.champion).toMatchObject({ value: 0.5, n: 4 });
    expect(b?.recall.champion).toMatchObject({ value: 1 / 3, n: 3 });
    expect(b?.precision.challenger).toMatchObject({ value: 2 / 3, n: 3 });
    expect(c).toEqual({ label: "c", recall: { challenger: null, champion: null }, precision: { challenger: null, champion: null } });
  });

  it("of a champion that is not there are not known", () => {
    const first = [row("x", "a", "a", null)];
    expect(accuracyOf(first, "champion")).toBeNull();
    expect(accuracyOf(first, "challenger")).toMatchObject({ value: 1, n: 1 });
    expect(betsOf(first, "champion")).toEqual([]);
  });

  it("row by row add up", () => {
    expect(countPairs(rows)).toEqual({ both_right: 2, only_challenger: 1, only_champion: 1, both_wrong: 1 });
  });
});

describe("slices", () => {
  it("by class and by length have every row once", () => {
    expect(slicesByClass(rows, ["a", "b"]).map((slice) => slice.rows.length)).toEqual([2, 3]);
    const quarters = slicesByLength(rows);
    expect(quarters.map((slice) => [slice.name, slice.rows.length])).toEqual([["3-3", 1], ["4-7", 2], ["9-9", 1], ["15-15", 1]]);
    expect(slicesByLength([])).toEqual([]);
  });

  it("count characters as people do", () => {
    expect(lengthOf("한글")).toBe(2);
    expect(lengthOf("👍")).toBe(1);
  });

  it("by word take large and small letters alike, composed or not", () => {
    const words = wordsOf(" bank, 금리,,\nBANK ");
    expect(words).toEqual(["bank", "금리"]);
    expect(slicesByWord(rows, words).map((slice) => slice.rows.length)).toEqual([3, 1]);
    expect(slicesByWord(rows, ["금리".normalize("NFD")])[0]?.rows.length).toBe(1);
    expect(slicesByWord(rows, [])).toEqual([]);
  });
});

describe("rows behind a number", () => {
  it("show the surest mistakes first", () => {
    expect(surestWrongFirst(rows, "challenger").map((one) => one.text)).toEqual(["goal 👩‍👩‍👧 bank", "Bank loan", "bank 금리", "vote", "law"]);
  });
});
