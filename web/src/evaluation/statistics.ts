// SPDX-License-Identifier: Apache-2.0
// Intervals of shares, groups of equal size, and how far from calibrated. No screen.
import type { Interval } from "../base/format";
import { wilson } from "../base/statistics";

/** The places of `values`, rising by value, in at most `count` groups as equal in size as equal values allow: those stay together. */
export function equalGroups(values: readonly number[], count: number): number[][] {
  const order = values.map((_, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
  const groups: number[][] = [];
  let begin = 0;
  for (let group = 1; group <= count; ++group) {
    let end = Math.max(begin, Math.round((group * order.length) / count));
    while (end > begin && end < order.length && values[order[end] ?? 0] === values[order[end - 1] ?? 0]) {
      ++end;
    }
    if (end > begin) {
      groups.push(order.slice(begin, end));
      begin = end;
    }
  }
  return groups;
}

/** An answer with its probability, and whether it was right. */
export interface Bet {
  probability: number;
  right: boolean;
}

export interface Bin {
  /** Of the probabilities in it. */
  from: number;
  to: number;
  mean: number;
  accuracy: Interval;
}

export interface Calibration {
  n: number;
  bins: Bin[];
  /** Expected calibration error: the mean distance of accuracy from probability over the bins, weighted by their rows. */
  error: number;
  /** What a perfectly calibrated model would show on so many rows by chance alone. */
  by_chance: number;
}

/**
 * Reliability in bins of equal count. Naeini, Cooper, Hauskrecht, "Obtaining well calibrated probabilities using Bayesian
 * binning", AAAI 2015; of equal count, not width: Nixon et al., "Measuring calibration in deep learning", CVPR workshops 2019.
 */
export function calibrate(bets: readonly Bet[], bins: number): Calibration | null {
  if (bets.length === 0) {
    return null;
  }
  const made: Bin[] = [];
  for (const places of equalGroups(bets.map((bet) => bet.probability), bins)) {
    const inside = places.flatMap((i) => bets[i] ?? []);
    const accuracy = wilson(inside.filter((bet) => bet.right).length, inside.length);
    if (accuracy) {
      const mean = inside.reduce((sum, bet) => sum + bet.probability, 0) / inside.length;
      made.push({ from: inside[0]?.probability ?? 0, to: inside.at(-1)?.probability ?? 0, mean, accuracy });
    }
  }
  const weighted = (of: (bin: Bin) => number) => made.reduce((sum, bin) => sum + (bin.accuracy.n / bets.length) * of(bin), 0);
  return {
    n: bets.length,
    bins: made,
    error: weighted((bin) => Math.abs(bin.accuracy.value - bin.mean)),
    // The mean absolute deviation of a normal distribution is sqrt(2 / pi) of its standard deviation.
    by_chance: weighted((bin) => Math.sqrt((2 / Math.PI) * ((bin.mean * (1 - bin.mean)) / bin.accuracy.n))),
  };
}

/** So many bins that each has about twenty rows, at most ten. */
export function binsFor(n: number): number {
  return Math.min(10, Math.max(1, Math.floor(n / 20)));
}
