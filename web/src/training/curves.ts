// SPDX-License-Identifier: Apache-2.0
// Loss curves as numbers: their points, the axes that hold them all, and the same as a table. No screen.
import type { Column } from "../charts/series";
import type { Curve } from "./api";

export interface Point {
  step: number;
  loss: number;
}

export interface Line {
  name: string;
  /** By rising step. */
  points: Point[];
}

/** What is no number is left out; without steps, the first point is step 1. */
export function pointsOf(curve: Curve | undefined): Point[] {
  const points: Point[] = [];
  (curve ?? []).forEach((one, i) => {
    const [step, loss] = one === null || typeof one === "number" ? [i + 1, one ?? NaN] : Array.isArray(one) ? one : [one.step, one.loss ?? one.value ?? NaN];
    if (Number.isFinite(step) && Number.isFinite(loss)) {
      points.push({ step, loss });
    }
  });
  return points.sort((a, b) => a.step - b.step);
}

export interface Axis {
  from: number;
  to: number;
  ticks: number[];
}

/** Round numbers that hold all values: steps of 1, 2 or 5 times a power of ten. */
export function axisOf(values: readonly number[], wanted = 5): Axis {
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!Number.isFinite(least)) {
    return { from: 0, to: 1, ticks: [0, 1] };
  }
  const width = most > least ? most - least : Math.max(Math.abs(most), 1) / 10;
  const rough = width / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10) * power;
  const first = Math.floor(least / step);
  const last = Math.max(first + 1, Math.ceil(most / step));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  return { from: ticks[0] ?? 0, to: ticks.at(-1) ?? 1, ticks };
}

/** Steps of all lines, then the loss of each line where it has that step. */
export function tableOf(lines: readonly Line[], step: string): Column[] {
  const steps = [...new Set(lines.flatMap((line) => line.points.map((point) => point.step)))].sort((a, b) => a - b);
  return [
    { name: step, kind: "count", cells: steps },
    ...lines.map((line) => {
      const losses = new Map(line.points.map((point) => [point.step, point.loss]));
      return { name: line.name, cells: steps.map((one) => losses.get(one) ?? null) };
    }),
  ];
}
