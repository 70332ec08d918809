// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import type { Run, Turn } from "./api";
import { axisOf, pointsOf, tableOf } from "./curves";
import { overTime } from "./over_time";
import { searchesOf } from "./runs";

describe("a loss curve", () => {
  it("is read in each of its forms", () => {
    expect(pointsOf([0.9, null, 0.7])).toEqual([{ step: 1, loss: 0.9 }, { step: 3, loss: 0.7 }]);
    expect(pointsOf([[20, 0.7], [10, 0.9]])).toEqual([{ step: 10, loss: 0.9 }, { step: 20, loss: 0.7 }]);
    expect(pointsOf([{ step: 5, value: 0.9 }, { step: 6, loss: 0.8 }, { step: 7 }])).toEqual([{ step: 5, loss: 0.9 }, { step: 6, loss: 0.8 }]);
    expect(pointsOf(undefined)).toEqual([]);
  });

  it("has axes of round numbers that hold it", () => {
    expect(axisOf([0.31, 1.02]).ticks).toEqual([0.2, 0.4, 0.6, 0.8, 1, 1.2]);
    expect(axisOf([1, 20])).toEqual({ from: 0, to: 20, ticks: [0, 5, 10, 15, 20] });
    for (const values of [[], [0], [5, 5], [-1, 1], [1e-9, 2e-9], [1e9, 1e9 + 1]]) {
      const axis = axisOf(values);
      expect(axis.to, String(values)).toBeGreaterThan(axis.from);
      expect(values.every((value) => value >= axis.from - 1e-9 && value <= axis.to + 1e-9), String(values)).toBe(true);
      expect(axis.ticks.length, String(values)).toBeLessThan(20);
    }
  });

  it("is a table of all steps", () => {
    const columns = tableOf([{ name: "a", points: pointsOf([0.9, 0.8]) }, { name: "b", points: pointsOf([[2, 0.5], [3, 0.4]]) }], "step");
    expect(columns).toEqual([
      { name: "step", kind: "count", cells: [1, 2, 3] },
      { name: "a", cells: [0.9, 0.8, null] },
      { name: "b", cells: [null, 0.5, 0.4] },
    ]);
  });
});

describe("the fits over time", () => {
  it("rise, once a moment, and only where something was trained", () => {
    const run = { kind: "final", loss: 1.2, metrics: {}, settings: {}, cpu_seconds: 2, peak_rss_bytes: 5e6 };
    const searches = searchesOf(["a", "b", "c"].map((turn) => ({ ...run, turn, loss: turn === "c" ? 0.5 : 1.2 })) as unknown as Run[]);
    const turn = (id: string, window_end: string) => ({ id, window_end }) as Turn;
    const turns = [turn("d", "2021-03-01T00:00:00Z"), turn("c", "2021-02-01T00:00:00Z"), turn("b", "2021-02-01T00:00:00Z"), turn("a", "2021-01-01T00:00:00Z")];
    const over = overTime(turns, searches, { final: "f", best: "b", cpu: "c", memory: "m" });
    expect(over.loss.times.map((time) => new Date(time).getUTCMonth())).toEqual([0, 1]);
    expect(over.loss.series.map((one) => one.values)).toEqual([[1.2, 0.5], [null, null]]);
    expect(over.memory.series[0]?.values).toEqual([5, 5]);
  });
});
