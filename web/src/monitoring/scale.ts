// SPDX-License-Identifier: Apache-2.0
// Where the evidence of each window stands on its chart: time from left to right, days of evidence on a scale of powers of
// ten, since an alarm may be a thousand times the budget. No screen.

/** Less evidence than this is drawn at the bottom. */
export const kLeast = 0.1;

export interface Scale {
  x: (time: number) => number;
  y: (evidence: number) => number;
  /** Of the evidence: powers of ten. */
  ticks: number[];
  /** Of the time. */
  times: number[];
}

export interface Box {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export function scaleOf(begin: number, end: number, most: number, box: Box): Scale {
  const high = Math.max(1, Math.ceil(Math.log10(Math.max(kLeast, most) * 1.05)));
  const low = Math.log10(kLeast);
  const inner = { width: Math.max(1, box.width - box.left - box.right), height: box.height - box.top - box.bottom };
  const x = (time: number) => box.left + (inner.width * (time - begin)) / Math.max(1, end - begin);
  const y = (evidence: number) => box.top + inner.height * (1 - (Math.log10(Math.max(kLeast, evidence)) - low) / (high - low));
  const step = Math.ceil((high - low + 1) / 7);
  const powers = Array.from({ length: high - low + 1 }, (_, i) => low + i).filter((power) => (power - low) % step === 0);
  const ticks = powers.map((power) => Number((10 ** power).toPrecision(1)));
  const count = Math.max(2, Math.min(7, Math.floor(inner.width / 110)));
  const times = Array.from({ length: count }, (_, i) => begin + ((end - begin) * i) / (count - 1));
  return { x, y, ticks, times };
}

/** The place in `times` nearest to `time`; -1 of none. */
export function nearest(times: readonly number[], time: number): number {
  return times.reduce((best, one, i) => (best < 0 || Math.abs(one - time) < Math.abs((times[best] ?? Infinity) - time) ? i : best), -1);
}
