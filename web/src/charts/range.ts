// SPDX-License-Identifier: Apache-2.0
// Least and greatest of what a chart draws, for its axis of values. No screen.
import type { Values } from "./dense";

export interface Extremes {
  least: Values;
  most: Values;
}

/** Of each point over all series, intervals included; null where nothing is drawn. */
export function extremesOf(series: readonly { values: Values; lower?: Values | undefined; upper?: Values | undefined }[], length: number): Extremes {
  const least = new Array<number | null>(length).fill(null);
  const most = new Array<number | null>(length).fill(null);
  for (const one of series) {
    for (const values of [one.values, one.lower, one.upper]) {
      for (let i = 0; values !== undefined && i < length; ++i) {
        const value = values[i];
        if (value != null) {
          least[i] = Math.min(least[i] ?? value, value);
          most[i] = Math.max(most[i] ?? value, value);
        }
      }
    }
  }
  return { least, most };
}

/** Of points `from` to `to`, both included; null when none has a value. */
export function rangeOf({ least, most }: Extremes, from: number, to: number): [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (let i = from; i <= to; ++i) {
    low = Math.min(low, least[i] ?? Infinity);
    high = Math.max(high, most[i] ?? -Infinity);
  }
  return low <= high ? [low, high] : null;
}
