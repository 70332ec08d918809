// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { binsFor, calibrate, equalGroups } from "./statistics";

describe("groups of equal size", () => {
  it("rise, have everything once, and differ by one", () => {
    const values = [9, 1, 8, 2, 7, 3, 6, 4, 5, 0];
    const groups = equalGroups(values, 4);
    expect(groups.map((group) => group.length)).toEqual([3, 2, 3, 2]);
    expect(groups.flat().map((i) => values[i])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("keep equal values together", () => {
    expect(equalGroups([1, 1, 1, 1, 2], 4)).toEqual([[0, 1, 2, 3], [4]]);
    expect(equalGroups([3, 3, 3], 2)).toEqual([[0, 1, 2]]);
    expect(equalGroups([], 4)).toEqual([]);
    expect(equalGroups([5], 4)).toEqual([[0]]);
  });
});

describe("calibration", () => {
  const bets = (probability: number, right: number, n: number) => Array.from({ length: n }, (_, i) => ({ probability, right: i < right }));

  it("measures the distance of accuracy from probability", () => {
    const found = calibrate([...bets(0.6, 5, 10), ...bets(0.9, 9, 10)], 2);
    expect(found?.bins.map((bin) => [bin.mean, bin.accuracy.value, bin.accuracy.n])).toEqual([
      [expect.closeTo(0.6), 0.5, 10],
      [expect.closeTo(0.9), 0.9, 10],
    ]);
    expect(found?.error).toBeCloseTo(0.05);
    expect(found?.by_chance).toBeCloseTo(0.5 * Math.sqrt((2 / Math.PI) * 0.024) + 0.5 * Math.sqrt((2 / Math.PI) * 0.009));
  });

  it("of nothing is not known", () => {
    expect(calibrate([], 10)).toBeNull();
  });

  it("has no bin of a few rows", () => {
    expect([1, 39, 40, 83, 200, 5000].map(binsFor)).toEqual([1, 1, 2, 4, 10, 10]);
  });
});
