// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { Format, placesOf } from "../base/format";
import { kTimes, kWholeSteps, percents } from "./ticks";

describe("the ticks of an axis", () => {
  it("are written as they are and apart, however close they stand", () => {
    const format = new Format("en");
    const plain = (text: string) => Number(text.replace(/[,%]| (ms|µs|s)$/g, ""));
    for (const base of [0, 1, 12.5, 1234, -70]) {
      for (const step of [0.000001, 0.0001, 0.00025, 0.005, 0.1, 0.25, 2, 2.5, 50]) {
        const ticks = Array.from({ length: 7 }, (_, i) => (Math.round(base / step) + i - 2) * step);
        ticks.forEach((tick) => expect(plain(format.tick(tick, step))).toBeCloseTo(tick, 9));
        ticks.forEach((tick) => expect(plain(percents(format)(tick, step)) / 100).toBeCloseTo(tick, 9));
      }
    }
    expect([1.001, 1.0015].map((ms) => format.milliseconds(ms, 0.0005))).toEqual(["1.001 ms", "1.0015 ms"]);
    expect([0.5, 1].map((ms) => format.milliseconds(ms, 0.0005))).toEqual(["500 µs", "1 ms"]);
    expect([0.8, 0.8125].map((share) => percents(format)(share, 0.0125))).toEqual(["80.00%", "81.25%"]);
    expect([percents(format, 0)(0.8, 0.2), percents(format, 0)(0.8)]).toEqual(["80%", "80%"]);
    expect([0, 1e-7, 0.25, 1, 25].map(placesOf)).toEqual([0, 7, 2, 0, 0]);
  });

  it("of what is counted stand at whole numbers, each step larger than the one before", () => {
    expect(kWholeSteps.slice(0, 7)).toEqual([1, 2, 5, 10, 20, 25, 50]);
    expect(kWholeSteps.every((step, i) => Number.isInteger(step) && step > (kWholeSteps[i - 1] ?? 0))).toBe(true);
  });

  it("of time are written from the coarsest step on, each with nine parts as uPlot reads them", () => {
    const steps = kTimes.map(([step]) => step as number);
    expect(steps).toEqual([...steps].sort((a, b) => b - a));
    expect(kTimes.every((line) => line.length === 9)).toBe(true);
  });
});
