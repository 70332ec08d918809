// SPDX-License-Identifier: Apache-2.0
// A share of counted rows with its 95 % interval, as the server computes that of the audits.
import type { Interval } from "../base/format";
import { wilson } from "../base/statistics";

/** Of no rows, everything from 0 to 1. */
export function rateOf(right: number, n: number): Interval {
  return wilson(right, n) ?? { value: 0, lower: 0, upper: 1, n: 0 };
}
