// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import type { Chain, Profile } from "./api";
import { columnsOfEvidence, columnsOfWindows, comparedWith, effectOverTime, mixOf, sharesOverTime, windowsOf } from "./history";
import { nearest, scaleOf } from "./scale";
import { own } from "./words";

const month = (i: number) => new Date(Date.UTC(2020, i, 1)).toISOString();
const chain: Chain = { applicable: true, excluded: false, p: 0.5, e: 1, effect: 0.1, noise: 0.05, n_used: 30, m: 3 };

function profile(i: number, some: Partial<Profile> & { counts?: number[]; tested?: boolean; run?: number; embedding?: boolean } = {}): Profile {
  const { counts = [60, 40], tested = false, run = 0, embedding = true, ...rest } = some;
  return {
    id: `p${i}`, model: "news", version: 1, window_begin: month(i), window_end: month(i + 1), rows: counts.reduce((a, b) => a + b, 0), reference: !tested,
    class_p: 0.01, class_effect: 0.2, embedding_p: 0.7, embedding_effect: 0.1, evidence: tested ? 12 : 0, created: month(i + 1),
    content: {
      tested, sums: { rows: 100, class_counts: counts }, run_begin: Date.parse(month(run)) * 1000,
      chains: { classes: chain, embedding: { ...chain, applicable: embedding } },
    },
    ...rest,
  };
}

describe("windows", () => {
  it("stand in order of time, once each, and say only what was tested", () => {
    const small = profile(1, { tested: false, reference: false, counts: [3, 1] });
    const windows = windowsOf([profile(2, { tested: true, embedding: false }), small, profile(0), profile(0, { id: "newer", created: month(9) })]);
    expect(windows.map((one) => [one.id, one.standing, one.evidence])).toEqual([["newer", "reference", null], ["p1", "small", null], ["p2", "tested", 12]]);
    expect(windows[2]?.p).toEqual({ classes: 0.01, embedding: null });
    expect(windows[0]?.effect).toEqual({ classes: null, embedding: null });
  });

  it("are held against the reference of their version, or the window before", () => {
    const windows = windowsOf([
      profile(0), profile(1), profile(2, { tested: true }), profile(3, { version: 2, run: 3 }), profile(4, { version: 2, run: 3, counts: [0, 0] }),
      profile(5, { version: 1, run: 5 }), profile(6, { version: 1, run: 5, tested: true }),
    ]);
    const of = (i: number) => {
      const found = windows[i] && comparedWith(windows[i], windows);
      return found && [found.kind, new Date(found.begin).toISOString(), new Date(found.end).toISOString(), found.version, found.counts];
    };
    expect(of(0)).toBeNull();
    expect(of(2)).toEqual(["reference", month(0), month(2), 1, [120, 80]]);
    expect(of(3)).toEqual(["before", month(2), month(3), 1, [60, 40]]);
    expect(of(5)?.slice(0, 3)).toEqual(["before", month(3), month(4)]);
    // Version 1 came back: its first reference is no longer what is normal.
    expect(of(6)).toEqual(["reference", month(5), month(6), 1, [60, 40]]);
  });
});

describe("charts", () => {
  it("show shares with interval and size, and many classes in few lines", () => {
    const windows = windowsOf([profile(0, { counts: [9, 8, 7, 6, 5, 4, 3, 2, 0] }), profile(1, { counts: [0, 0, 0, 0, 0, 0, 0, 0, 0] })]);
    const { series } = sharesOverTime(windows, ["a", "b", "c", "d", "e", "f", "g", "h", "i"], null, [], { others: "others" });
    expect(series.map((one) => one.name)).toEqual(["a", "b", "c", "d", "e", "f", "others"]);
    expect(series.reduce((sum, one) => sum + (one.values[0] ?? 0), 0)).toBeCloseTo(1);
    expect(series[0]).toMatchObject({ n: [44, null] });
    expect(series.every((one) => one.values[1] === null)).toBe(true);
    const one = sharesOverTime(windows, [], 8, [], { others: "others" }).series;
    expect(one).toMatchObject([{ name: "8", values: [0, null], lower: [0, null] }]);
  });

  it("show effects only where something was tested", () => {
    const windows = windowsOf([profile(0), profile(1, { tested: true })]);
    const [effect, chance] = effectOverTime(windows, "classes", [], { effect: "effect", chance: "chance" }).series;
    expect(effect).toEqual({ name: "effect", values: [null, 0.2], n: [null, 100] });
    expect(chance?.values).toEqual([null, 0.05]);
  });

  it("have all their numbers in a table", () => {
    const columns = columnsOfWindows(windowsOf([profile(0), profile(1, { tested: true })]), own.en.table);
    expect(columns.map((column) => column.cells[1])).toEqual([month(1), month(2), 1, 100, "tested", 0.01, 0.2, 0.7, 0.1, 12]);
  });

  it("have the numbers of the evidence in a table of its own", () => {
    const windows = windowsOf([profile(0), profile(1, { tested: true })]);
    const cells = (budget: number | null) => columnsOfEvidence(windows, budget, { ...own.en.table, alarm: "alarm" }).map((column) => column.cells);
    const begins = windows.map((one) => new Date(one.begin).toISOString());
    expect(cells(12)).toEqual([begins, [month(1), month(2)], [100, 100], ["is the reference", "tested"], [null, 12], ["", "alarm"]]);
    expect(cells(13).at(-1)).toEqual(["", ""]);
    expect(cells(null).at(-1)).toEqual(["", ""]);
  });

  it("place evidence by powers of ten", () => {
    const box = { width: 700, height: 200, left: 50, right: 10, top: 10, bottom: 20 };
    const scale = scaleOf(0, 100, 21_100, box);
    expect(scale.ticks).toEqual([0.1, 1, 10, 100, 1000, 10_000, 100_000]);
    expect([scale.x(0), scale.x(100), scale.y(0), scale.y(0.1), scale.y(100_000)]).toEqual([50, 690, 180, 180, 10]);
    expect(scale.y(100)).toBeCloseTo(95);
    expect(scaleOf(5, 5, 0, box).ticks).toEqual([0.1, 1, 10]);
    expect(scaleOf(0, 100, 1e30, box).ticks.length).toBeLessThanOrEqual(8);
    expect([nearest([], 3), nearest([0, 10], 4), nearest([0, 10], 6)]).toEqual([-1, 0, 1]);
  });
});

describe("the class mix", () => {
  it("is shown by its greatest change", () => {
    const mix = mixOf([10, 90, 0], [50, 50, 0]);
    expect(mix.map((row) => [row.index, row.change?.toFixed(2)])).toEqual([[0, "-0.40"], [1, "0.40"]]);
    expect(mix[0]?.now).toMatchObject({ n: 100, value: 0.1 });
    expect(mixOf([1], [])).toMatchObject([{ index: 0, before: null, change: null }]);
  });
});
