// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { Format } from "../base/format";
import { digitsOf, kTimes, stepsOf } from "./ticks";

describe("the ticks of an axis", () => {
  it("stand where what is written there is right", () => {
    expect(stepsOf(1).slice(0, 6)).toEqual([1, 2, 5, 10, 20, 25]);
    expect(stepsOf(0.01).slice(0, 5)).toEqual([0.01, 0.02, 0.05, 0.1, 0.2]);
    const format = new Format("en");
    for (const step of stepsOf(0.001)) {
      expect(Number(format.percent(step * 3).replace(/[,%]/g, ""))).toBeCloseTo(step * 300, 9);
    }
  });

  it("differ in what is written, however close they are", () => {
    const format = new Format("en");
    for (const base of [0, 1, 12.5, 1234, -70]) {
      for (const step of [0.0001, 0.00025, 0.005, 0.1, 0.25, 2, 2.5, 50]) {
        const ticks = Array.from({ length: 7 }, (_, i) => (Math.round(base / step) + i - 2) * step);
        const written = ticks.map((tick) => Number(format.decimal(tick, digitsOf(step, ticks)).replaceAll(",", "")));
        written.forEach((value, i) => expect(value).toBeCloseTo(ticks[i] ?? NaN, 9));
      }
    }
    expect(digitsOf(0.25, [0, null])).toBe(3);
    expect(digitsOf(0, [5])).toBe(3);
    expect([1.001, 1.0015].map((ms) => format.milliseconds(ms, digitsOf(0.0005, [1.001, 1.0015])))).toEqual(["1.001 ms", "1.0015 ms"]);
  });

  it("of time are written from the coarsest step on, each with nine parts as uPlot reads them", () => {
    const steps = kTimes.map(([step]) => step as number);
    expect(steps).toEqual([...steps].sort((a, b) => b - a));
    expect(kTimes.every((line) => line.length === 9)).toBe(true);
  });
});
