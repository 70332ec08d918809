// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import type { Route, Traffic, TrafficGroup } from "./api";
import {
  besideStable, failuresOf, failuresOverTime, joined, latencyOverTime, linesOf, mixDifference, rowsOverTime, shareAxis, spreadOf, stepsOf, totalOf,
} from "./flow";
import { dayOf, kMostSteps, kStepMs, rangeOf, stepFor, stretchesOf } from "./range";

function group(version: number, route: Route, rows: number, some: Partial<TrafficGroup> = {}): TrafficGroup {
  const counts = { rows, failed: 0, captured: rows, estimated: false, by_label: [rows] };
  return { version, route, ...counts, latency_us: { p50: 100, p95: 200, p99: 300 }, infer_us_p50: 5, confidence_mean: 0.5, ...some };
}

const day = (i: number) => new Date(Date.UTC(2020, 0, 1 + i)).toISOString();

function traffic(buckets: [number, TrafficGroup[]][], days = 4): Traffic {
  return { from: day(0), to: day(days), step_seconds: 86_400, labels: ["a", "b"], buckets: buckets.map(([i, groups]) => ({ time: day(i), groups })) };
}

describe("counted rows", () => {
  it("add up, and quantiles are only ever bounded", () => {
    const total = totalOf([
      group(1, "stable", 30, { failed: 10, confidence_mean: 0.9, by_label: [15, 5] }),
      group(2, "stable", 20, { confidence_mean: 0.6, by_label: [0, 20], latency_us: { p50: 10, p95: 20, p99: 30 }, captured: 5, estimated: true }),
      group(2, "stable", 3, { failed: 3, confidence_mean: null, latency_us: null, by_label: [] }),
    ]);
    expect(total).toMatchObject({ rows: 53, failed: 13, captured: 38, estimated: true, by_label: [15, 25], versions: [1, 2] });
    expect(total.confidence).toBeCloseTo(0.75);
    expect(total.latency.p50).toEqual({ middle: 10, least: 10, most: 100 });
    expect(spreadOf([])).toBeNull();
    expect(totalOf([])).toMatchObject({ rows: 0, confidence: null, latency: { p99: null } });
  });

  it("have the interval of what was looked at, not of what it stands for", () => {
    expect(failuresOf({ rows: 1000, failed: 500, captured: 10 })).toMatchObject({ value: 0.5, n: 10 });
    expect(failuresOf({ rows: 1000, failed: 500, captured: 10 })?.lower).toBeCloseTo(0.2366, 4);
    expect(failuresOf({ rows: 0, failed: 0, captured: 0 })).toBeNull();
  });
});

describe("charts of traffic", () => {
  const some = traffic([
    [1, [group(1, "stable", 9), group(2, "canary", 1, { failed: 1, latency_us: null })]],
    [2, [group(2, "stable", 4, { latency_us: { p50: 7, p95: 8, p99: 9 } }), group(1, "stable", 3)]],
  ]);
  const lines = linesOf(some, "route");

  it("count 0 where nothing came, and have no share there", () => {
    const steps = stepsOf(some, false);
    expect(steps.length).toBe(4);
    expect(rowsOverTime(steps, lines, (key) => key).series).toEqual([{ name: "stable", values: [0, 9, 7, 0] }, { name: "canary", values: [0, 1, 0, null] }]);
    expect(failuresOverTime(steps, lines, (key) => key).series[1]).toMatchObject({ values: [null, 1, null, null], n: [null, 1, null, null] });
    const share = failuresOverTime(steps, lines, (key) => key);
    expect(shareAxis(share)).toEqual([0, 1]);
    // One version after the other: no line where a version had nothing to do with it, but what is empty is seen to be.
    const after = traffic([[1, [group(1, "stable", 5)]], [3, [group(2, "stable", 6)]], [4, [group(2, "stable", 7)]], [6, [group(3, "stable", 8)]]], 8);
    expect(rowsOverTime(stepsOf(after, false), linesOf(after, "version"), (key) => key).series.map((one) => one.values)).toEqual([
      [0, 5, 0, null, null, null, null, null], [null, null, 0, 6, 7, 0, null, null], [null, null, null, null, null, 0, 8, 0],
    ]);
    expect(stepsOf(some, true).map((step) => new Date(step.time).toISOString())).toEqual([day(1), day(2)]);
    expect(stepsOf(traffic([]), true)).toEqual([]);
  });

  it("show the latency of the group with the most rows", () => {
    const [stable] = lines;
    const { series } = latencyOverTime(stepsOf(some, true), stable ?? { key: "", takes: () => false }, { p50: "p50", p95: "p95", p99: "p99" });
    expect(series.map((one) => one.values)).toEqual([[0.1, 0.007], [0.2, 0.008], [0.3, 0.009]]);
  });

  it("tell few versions apart and lose no row of the others", () => {
    const many = traffic([[0, Array.from({ length: 9 }, (_, i) => group(i + 1, "stable", 10 * (i + 1)))]]);
    const versions = linesOf(many, "version");
    expect(versions.map((line) => line.key)).toEqual(["5", "6", "7", "8", "9", "others"]);
    expect(rowsOverTime(stepsOf(many, true), versions, (key) => key).series.map((one) => one.values[0])).toEqual([50, 60, 70, 80, 90, 100]);
  });
});

describe("beside stable", () => {
  it("both answer for the same time", () => {
    const found = besideStable(traffic([
      [0, [group(1, "stable", 100, { failed: 50 })]],
      [1, [group(1, "stable", 10, { by_label: [4, 3, 3] }), group(2, "shadow", 10, { by_label: [9, 1] })]],
      [2, [group(2, "shadow", 2, { by_label: [2] })]],
    ]));
    expect(found).toMatchObject([{ route: "shadow", version: 2, steps: 2, its: { rows: 12 }, stable: { rows: 10, failed: 0 }, mix: { index: 0 } }]);
    expect(found[0]?.mix?.difference).toBeCloseTo(11 / 12 - 0.4);
    expect(mixDifference([], [1])).toBeNull();
    expect(besideStable(traffic([[0, [group(1, "stable", 1), group(1, "pinned", 1)]]]))).toEqual([]);
  });
});

describe("ranges", () => {
  const now = Date.UTC(2020, 5, 1);

  it("never have more steps than the server counts", () => {
    for (const name of ["hour", "day", "month", "all"] as const) {
      const range = rangeOf(name, "", "", now);
      expect(range?.to).toBeNull();
      expect(range && (now - range.from) / kStepMs[range.step]).toBeLessThanOrEqual(kMostSteps);
    }
    expect(rangeOf("own", "2020-01-01", "2020-01-01", now)).toEqual({ from: Date.UTC(2020, 0, 1), to: Date.UTC(2020, 0, 2), step: "hour" });
    expect(rangeOf("own", "2001-01-01", "2020-01-01", now)).toBeNull();
  });

  it("that are longer are asked for in parts", () => {
    const day = 86_400_000;
    const parts = stretchesOf(now - 7000 * day + 5, now);
    expect(parts.map((part) => part.to)).toEqual([parts[1]?.from, parts[2]?.from, null]);
    expect(parts.every((part) => part.from % day === 0 && ((part.to ?? now) - part.from) / day <= kMostSteps)).toBe(true);
    expect(stretchesOf(now + 1, now)).toEqual([{ from: now, to: null }]);
    const [a, b] = [traffic([[0, [group(1, "stable", 1)]]]), { ...traffic([[9, [group(2, "stable", 1)]]]), to: "later" }];
    expect(joined([a, b])).toMatchObject({ from: a.from, to: "later", buckets: [{ groups: [{ version: 1 }] }, { groups: [{ version: 2 }] }] });
    expect(joined([])).toBeNull();
  });

  it("of two days need both, in their order", () => {
    expect(rangeOf("own", "2020-01-02", "2020-01-01", now)).toBeNull();
    expect(rangeOf("own", "", "2020-01-01", now)).toBeNull();
    expect(dayOf("2020-13-01")).toBeNull();
    expect([stepFor(3_600_000), stepFor(86_400_000), stepFor(30 * 86_400_000)]).toEqual(["minute", "hour", "day"]);
  });
});
