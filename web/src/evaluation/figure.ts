// SPDX-License-Identifier: Apache-2.0
// What stands in the table and in the CSV of shares: the numbers that are shown.
import type { Interval } from "../base/format";
import type { Column, Kind } from "../charts/series";

export interface Strip {
  name: string;
  /** One a series; null = not known. */
  intervals: (Interval | null)[];
}

export interface StripWords {
  name: string;
  series: string[];
  lower: string;
  upper: string;
}

/** Name, then of each series its share, both ends of its interval and its size. */
export function columnsOfStrips(strips: readonly Strip[], words: StripWords): Column[] {
  const columns: Column[] = [{ name: words.name, kind: "text", cells: strips.map((strip) => strip.name) }];
  words.series.forEach((series, i) => {
    const of = (name: string, kind: Kind, pick: (interval: Interval) => number): Column => ({
      name, kind, cells: strips.map((strip) => (strip.intervals[i] ? pick(strip.intervals[i]) : null)),
    });
    columns.push(
      of(series, "percent", (one) => one.value),
      of(`${series}, ${words.lower}`, "percent", (one) => one.lower),
      of(`${series}, ${words.upper}`, "percent", (one) => one.upper),
      of(`${series}, n`, "count", (one) => one.n),
    );
  });
  return columns;
}
