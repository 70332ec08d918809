// SPDX-License-Identifier: Apache-2.0
// The interval of a share of counted rows. No screen.
import type { Interval } from "./format";

/** The two-sided 95 % point of the normal distribution. */
const kZ95 = 1.959963984540054;

/**
 * The 95 % score interval of `hits` out of `n`. E. B. Wilson, "Probable inference, the law of succession, and statistical
 * inference", J. Am. Stat. Assoc. 22 (1927) 209-212; why this one: L. D. Brown, T. T. Cai, A. DasGupta, Statistical Science
 * 16 (2001) 101-133. Either may be no whole number, when rows stand for several. Null when nothing was counted: then nothing
 * is known.
 */
export function wilson(hits: number, n: number): Interval | null {
  if (!(n > 0)) {
    return null;
  }
  const share = Math.min(1, Math.max(0, hits / n));
  const z2 = kZ95 * kZ95;
  const middle = (share + z2 / (2 * n)) / (1 + z2 / n);
  const half = (kZ95 / (1 + z2 / n)) * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n));
  // At 0 and n the ends are exactly 0 and 1; rounding must not leave them a hair beside.
  return { value: share, lower: share === 0 ? 0 : Math.max(0, middle - half), upper: share === 1 ? 1 : Math.min(1, middle + half), n };
}
