// SPDX-License-Identifier: Apache-2.0
// Counted traffic as charts and tables show it. No screen.
import type { Interval } from "../base/format";
import type { ChartData, Series } from "../charts/series";
import { kRoutes, type Latency, type Route, type Traffic, type TrafficGroup } from "./api";
import { wilson } from "../base/statistics";

/** Several groups as one. */
export interface Total {
  rows: number;
  failed: number;
  captured: number;
  estimated: boolean;
  by_label: number[];
  versions: number[];
  /** Weighted by answered rows; null when none was answered. */
  confidence: number | null;
  /** Of the steps: the row-weighted median of their quantiles, with the least and the most. The quantile of all lies between these. */
  latency: Record<keyof Latency, Spread | null>;
}

export interface Spread {
  middle: number;
  least: number;
  most: number;
}

export function totalOf(groups: readonly TrafficGroup[]): Total {
  const latency = { p50: null, p95: null, p99: null };
  const total: Total = { rows: 0, failed: 0, captured: 0, estimated: false, by_label: [], versions: [], confidence: null, latency };
  let [answered, confidence] = [0, 0];
  for (const group of groups) {
    total.rows += group.rows;
    total.failed += group.failed;
    total.captured += group.captured;
    total.estimated ||= group.estimated;
    group.by_label.forEach((rows, i) => (total.by_label[i] = (total.by_label[i] ?? 0) + rows));
    if (group.confidence_mean !== null) {
      answered += group.rows - group.failed;
      confidence += group.confidence_mean * (group.rows - group.failed);
    }
  }
  total.versions = [...new Set(groups.map((group) => group.version))].sort((a, b) => a - b);
  total.confidence = answered > 0 ? confidence / answered : null;
  for (const quantile of ["p50", "p95", "p99"] as const) {
    const values = groups.flatMap((group) => (group.latency_us ? [{ value: group.latency_us[quantile], weight: group.rows - group.failed }] : []));
    total.latency[quantile] = spreadOf(values);
  }
  return total;
}

export function spreadOf(values: readonly { value: number; weight: number }[]): Spread | null {
  const sorted = values.filter((one) => one.weight > 0).sort((a, b) => a.value - b.value);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (!least || !most) {
    return null;
  }
  const half = sorted.reduce((sum, one) => sum + one.weight, 0) / 2;
  let below = 0;
  const middle = sorted.find((one) => (below += one.weight) >= half) ?? most;
  return { middle: middle.value, least: least.value, most: most.value };
}

/** The share that failed. Its interval is that of the rows looked at: what they stand for adds no knowledge. */
export function failuresOf(total: Pick<Total, "rows" | "failed" | "captured">): Interval | null {
  return total.rows > 0 ? wilson((total.failed / total.rows) * total.captured, total.captured) : null;
}

export type By = "route" | "version";

/** One line of a chart. */
export interface Line {
  key: string;
  takes: (group: TrafficGroup) => boolean;
}

/** So many lines can be told apart. */
export const kMostLines = 6;

/** The routes, or the versions with the most rows and all others as one ("others"), that have rows. */
export function linesOf(traffic: Traffic, by: By): Line[] {
  const rows = new Map<string, number>();
  for (const { groups } of traffic.buckets) {
    for (const group of groups) {
      const key = by === "route" ? group.route : String(group.version);
      rows.set(key, (rows.get(key) ?? 0) + group.rows);
    }
  }
  if (by === "route") {
    return kRoutes.filter((route) => rows.has(route)).map((route) => ({ key: route, takes: (group) => group.route === route }));
  }
  const most = [...rows].sort((a, b) => b[1] - a[1] || Number(b[0]) - Number(a[0])).map(([key]) => key);
  const shown = most.length > kMostLines ? most.slice(0, kMostLines - 1) : most;
  const lines: Line[] = shown.sort((a, b) => Number(a) - Number(b)).map((key) => ({ key, takes: (group) => String(group.version) === key }));
  return most.length > shown.length ? [...lines, { key: "others", takes: (group) => !shown.includes(String(group.version)) }] : lines;
}

/** Every step of the range with its groups; `trim`: from the first step with rows to the last. */
export function stepsOf(traffic: Traffic, trim: boolean): { time: number; groups: TrafficGroup[] }[] {
  const step = traffic.step_seconds * 1000;
  const by = new Map(traffic.buckets.map((bucket) => [Date.parse(bucket.time), bucket.groups]));
  const known = [...by.keys()];
  const first = trim ? Math.min(...known) : Math.floor(Date.parse(traffic.from) / step) * step;
  const last = trim ? Math.max(...known) : Date.parse(traffic.to) - 1;
  const steps: { time: number; groups: TrafficGroup[] }[] = [];
  for (let time = first; time <= last; time += step) {
    steps.push({ time, groups: by.get(time) ?? [] });
  }
  return steps;
}

type Steps = ReturnType<typeof stepsOf>;

/** Rows a step; a step without any is 0. A line begins and ends with its rows; before and after all of them stand those of the first and the last. */
export function rowsOverTime(steps: Steps, lines: readonly Line[], nameOf: (key: string) => string): ChartData {
  const rows = lines.map((line) => steps.map(({ groups }) => groups.filter(line.takes).reduce((sum, group) => sum + group.rows, 0)));
  const lives = rows.map((one) => ({ first: one.findIndex((n) => n > 0), last: one.findLastIndex((n) => n > 0) }));
  const earliest = lives.findIndex(({ first }) => first === Math.min(...lives.map((life) => life.first)));
  const latest = lives.findIndex(({ last }) => last === Math.max(...lives.map((life) => life.last)));
  const series = lines.map((line, at): Series => {
    const from = at === earliest ? 0 : (lives[at]?.first ?? 0) - 1;
    const to = at === latest ? steps.length : (lives[at]?.last ?? 0) + 1;
    return { name: nameOf(line.key), values: (rows[at] ?? []).map((n, i) => (from <= i && i <= to ? n : null)) };
  });
  return { times: steps.map((step) => step.time), series };
}

/** Answers for stretches that follow each other, as one. */
export function joined(parts: readonly Traffic[]): Traffic | null {
  const [first, last] = [parts[0], parts.at(-1)];
  return first && last ? { ...first, to: last.to, buckets: parts.flatMap((part) => part.buckets) } : null;
}

/** The share that failed; a step without rows has no point. */
export function failuresOverTime(steps: Steps, lines: readonly Line[], nameOf: (key: string) => string): ChartData {
  const series = lines.map((line): Series => {
    const shares = steps.map(({ groups }) => failuresOf(totalOf(groups.filter(line.takes))));
    const of = (pick: keyof Interval) => shares.map((share) => share?.[pick] ?? null);
    return { name: nameOf(line.key), values: of("value"), lower: of("lower"), upper: of("upper"), n: of("n") };
  });
  return { times: steps.map((step) => step.time), series };
}

/** The value axis of shares: from none to the highest end of an interval. */
export function shareAxis(data: ChartData): [number, number] {
  const ends = data.series.flatMap((series) => series.upper ?? []).filter((end) => end !== null);
  return [0, ends.reduce((most, end) => Math.max(most, end), 0.01)];
}

/** In milliseconds. Of several groups in one step that with the most rows, since quantiles do not add up. */
export function latencyOverTime(steps: Steps, line: Line, names: Record<keyof Latency, string>): ChartData {
  const groups = steps.map(({ groups }) => groups.filter((group) => line.takes(group) && group.latency_us).sort((a, b) => b.rows - a.rows)[0]);
  const series = (["p50", "p95", "p99"] as const).map((quantile): Series => {
    return { name: names[quantile], values: groups.map((group) => (group?.latency_us ? group.latency_us[quantile] / 1000 : null)) };
  });
  return { times: steps.map((step) => step.time), series };
}

/** A route beside stable, both in the steps in which the route has rows: else they would answer for different times. */
export interface Beside {
  route: Route;
  version: number;
  steps: number;
  its: Total;
  stable: Total;
  /** Greatest difference of a class share, and of which class; null when one of them answered nothing. */
  mix: { index: number; difference: number } | null;
}

export function besideStable(traffic: Traffic): Beside[] {
  const found = new Map<string, { route: Route; version: number }>();
  for (const group of traffic.buckets.flatMap((bucket) => bucket.groups)) {
    if (group.route === "canary" || group.route === "shadow") {
      found.set(`${group.route} ${group.version}`, group);
    }
  }
  return [...found.values()].map(({ route, version }) => {
    const mine = (group: TrafficGroup) => group.route === route && group.version === version;
    const steps = traffic.buckets.filter((bucket) => bucket.groups.some(mine));
    const its = totalOf(steps.flatMap((bucket) => bucket.groups.filter(mine)));
    const stable = totalOf(steps.flatMap((bucket) => bucket.groups.filter((group) => group.route === "stable")));
    return { route, version, steps: steps.length, its, stable, mix: mixDifference(its.by_label, stable.by_label) };
  }).sort((a, b) => b.version - a.version || a.route.localeCompare(b.route));
}

export function mixDifference(left: readonly number[], right: readonly number[]): { index: number; difference: number } | null {
  const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + (b ?? 0), 0);
  const [all, others] = [sum(left), sum(right)];
  if (all <= 0 || others <= 0) {
    return null;
  }
  let most = { index: 0, difference: 0 };
  for (let index = 0; index < Math.max(left.length, right.length); ++index) {
    const difference = (left[index] ?? 0) / all - (right[index] ?? 0) / others;
    most = Math.abs(difference) > Math.abs(most.difference) ? { index, difference } : most;
  }
  return most;
}
