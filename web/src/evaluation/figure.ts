// SPDX-License-Identifier: Apache-2.0
// What stands in a figure's table and in its CSV: the numbers that it shows.
import type { Format, Interval } from "../base/format";
import type { Column } from "../charts/series";

export type Kind = "text" | "percent" | "count";

export interface FigureColumn extends Column {
  kind: Kind;
}

export function written(cell: number | string | null, kind: Kind, format: Format): string {
  return cell === null ? "–" : typeof cell === "string" ? cell : kind === "percent" ? format.percent(cell) : format.count(cell);
}

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
export function columnsOfStrips(strips: readonly Strip[], words: StripWords): FigureColumn[] {
  const columns: FigureColumn[] = [{ name: words.name, kind: "text", cells: strips.map((strip) => strip.name) }];
  words.series.forEach((series, i) => {
    const of = (name: string, kind: Kind, pick: (interval: Interval) => number): FigureColumn => ({
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
