// SPDX-License-Identifier: Apache-2.0
// /metrics as numbers: the Prometheus text format 0.0.4, what grew between two readings, and quantiles of histograms. No screen.

export interface Sample {
  labels: Record<string, string>;
  value: number;
}

/** Samples by name ("..._bucket", "..._sum" and so on have names of their own). */
export type Reading = Map<string, Sample[]>;

const kLine = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const kLabel = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"\s*,?\s*/gy;
const kEscapes: Record<string, string> = { n: "\n" };

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(kLabel)) {
    if (name !== undefined && value !== undefined) {
      labels[name] = value.replace(/\\(.)/g, (_, c: string) => kEscapes[c] ?? c);
    }
  }
  return labels;
}

function valueOf(text: string): number {
  return text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text);
}

/** What is no sample is passed over. */
export function parseMetrics(text: string): Reading {
  const reading: Reading = new Map();
  for (const line of text.split("\n")) {
    const found = line.startsWith("#") ? null : kLine.exec(line.trim());
    if (found?.[1] !== undefined && found[3] !== undefined) {
      const samples = reading.get(found[1]) ?? [];
      samples.push({ labels: labelsOf(found[2] ?? ""), value: valueOf(found[3]) });
      reading.set(found[1], samples);
    }
  }
  return reading;
}

export type Wanted = (labels: Record<string, string>) => boolean;
const all: Wanted = () => true;

export function sumOf(reading: Reading, name: string, wanted: Wanted = all): number {
  return (reading.get(name) ?? []).filter((sample) => wanted(sample.labels)).reduce((sum, sample) => sum + sample.value, 0);
}

/** What a counter grew by. */
export function grown(before: Reading | null, now: Reading, name: string, wanted: Wanted = all): number {
  return Math.max(0, sumOf(now, name, wanted) - (before ? sumOf(before, name, wanted) : 0));
}

/** A counter that shrank: the server was started anew between the two. */
export function startedAnew(before: Reading, now: Reading): boolean {
  return ["fw_rows_total", "fw_request_seconds_count", "fw_requests_total", "fw_capture_rows_total"].some((name) => sumOf(now, name) < sumOf(before, name));
}

/** Counts under rising upper bounds, cumulated, as the format has them. */
export interface Histogram {
  bounds: number[];
  below: number[];
}

/** The histograms of all wanted samples as one, since `before`; null = since the server's start. */
export function histogramOf(before: Reading | null, now: Reading, name: string, wanted: Wanted = all): Histogram {
  const by = new Map<number, number>();
  const add = (reading: Reading, sign: number) => {
    for (const sample of reading.get(`${name}_bucket`) ?? []) {
      if (wanted(sample.labels)) {
        const bound = valueOf(sample.labels.le ?? "+Inf");
        by.set(bound, (by.get(bound) ?? 0) + sign * sample.value);
      }
    }
  };
  add(now, 1);
  if (before) {
    add(before, -1);
  }
  const sorted = [...by].sort(([a], [b]) => a - b);
  return { bounds: sorted.map(([bound]) => bound), below: sorted.map(([, count]) => Math.max(0, count)) };
}

export function countOf(histogram: Histogram): number {
  return histogram.below.at(-1) ?? 0;
}

/** The ends of the bucket in which the quantile lies: more a histogram does not know. `upper` may be Infinity. Null of none. */
export function quantileOf(histogram: Histogram, q: number): { lower: number; upper: number } | null {
  const count = countOf(histogram);
  if (count <= 0) {
    return null;
  }
  const at = histogram.below.findIndex((below) => below > 0 && below >= q * count);
  return { lower: histogram.bounds[at - 1] ?? 0, upper: histogram.bounds[at] ?? Infinity };
}
