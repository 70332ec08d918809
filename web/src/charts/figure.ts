// SPDX-License-Identifier: Apache-2.0
// The table of a figure: how many rows it has, and how a cell of it is written.
import type { Format } from "../base/format";
import type { Column, Kind } from "./series";

export function rowsOf(columns: readonly Column[]): number {
  return Math.max(0, ...columns.map((column) => column.cells.length));
}

export function written(cell: number | string | null, kind: Kind | undefined, format: Format, write: (value: number) => string): string {
  if (cell === null) {
    return "–";
  }
  if (typeof cell === "string") {
    return kind === "time" ? format.moment(cell) : cell;
  }
  return kind === "percent" ? format.percent(cell) : kind === "count" ? format.count(cell) : write(cell);
}
