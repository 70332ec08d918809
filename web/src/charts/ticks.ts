// SPDX-License-Identifier: Apache-2.0
// Where ticks stand and what is written at them. No screen.
import { placesOf, type Format } from "../base/format";

/** How a value is written; given the step from tick to tick, to as many places as tell ticks apart and are right at each. */
export type Write = (value: number, step?: number) => string;

/** Shares as per cent, with at least so many decimals. */
export function percents(format: Format, digits = 1): Write {
  return (value, step = 0) => format.percent(value, Math.max(digits, placesOf(100 * step)));
}

/** Steps between ticks of what is counted. */
export const kWholeSteps = Array.from({ length: 18 }, (_, i) => [1, 2, ...(i > 0 ? [2.5] : []), 5].map((mantissa) => mantissa * 10 ** i)).flat();

const kDate = "\n{YYYY}-{MM}-{DD}";
const kDay = "\n{MM}-{DD}";

/**
 * For an axis of time, as everywhere on the page: year before month before day, 24 hours. A line each of uPlot: from
 * which step in seconds on, what each tick says, and what one says below that where a year, month, day, hour, minute or
 * second begins; 1 = below it, not in its place.
 */
export const kTimes: (number | string | null)[][] = [
  [365 * 86_400, "{YYYY}", null, null, null, null, null, null, 1],
  [28 * 86_400, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86_400, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", kDate, null, kDay, null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", kDate, null, kDay, null, null, null, 1],
  [0.001, "{ss}.{fff}", `${kDate} {HH}:{mm}`, null, `${kDay} {HH}:{mm}`, null, "\n{HH}:{mm}", null, 1],
];
