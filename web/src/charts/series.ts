// SPDX-License-Identifier: Apache-2.0
// What a chart shows, as numbers, and the same as a table and as CSV. No screen.

export interface Series {
  name: string;
  /** One a point in time; null = not known there. */
  values: (number | null)[];
  /** Of the interval, if there is one. */
  lower?: (number | null)[];
  upper?: (number | null)[];
  /** Sample size of each value. */
  n?: (number | null)[];
}

/** What happened at a moment. */
export interface Mark {
  /** Milliseconds UTC. */
  time: number;
  text: string;
}

export interface ChartData {
  /** Milliseconds UTC, rising. */
  times: number[];
  series: Series[];
  marks?: Mark[];
}

/** How a table writes the cells of a column; without one, as the figure writes its values. */
export type Kind = "text" | "time" | "percent" | "count";

export interface Column {
  name: string;
  cells: (number | string | null)[];
  kind?: Kind;
}

/** The colour of a series as a CSS value. */
export function colourOf(index: number): string {
  return `var(--series-${(index % 7) + 1})`;
}

/** Not by colour alone: lines also differ in their dashes. */
export function dashesOf(index: number): number[] {
  return [[], [7, 4], [2, 3], [10, 3, 2, 3]][index % 4] ?? [];
}

/** Columns of the table: time, then each series with its interval and its size where it has them. */
export function columnsOf(data: ChartData, time: string): Column[] {
  const columns: Column[] = [{ name: time, kind: "time", cells: data.times.map((one) => new Date(one).toISOString()) }];
  for (const series of data.series) {
    columns.push({ name: series.name, cells: series.values });
    for (const [suffix, cells] of [["lower", series.lower], ["upper", series.upper], ["n", series.n]] as const) {
      if (cells) {
        columns.push({ name: `${series.name}, ${suffix}`, cells, ...(suffix === "n" ? { kind: "count" } : {}) });
      }
    }
  }
  return columns;
}

/** Months from January and days from Sunday, in full and short, as an axis of time writes them. */
export function namesOfDays(language: string): { MMMM: string[]; MMM: string[]; WWWW: string[]; WWW: string[] } {
  const named = (part: "month" | "weekday", count: number, length: "long" | "short"): string[] => {
    const format = new Intl.DateTimeFormat(language, { [part]: length, timeZone: "UTC" });
    // 1 October 2023 was a Sunday.
    return Array.from({ length: count }, (_, i) => format.format(part === "month" ? Date.UTC(2023, i, 1) : Date.UTC(2023, 9, 1 + i)));
  };
  return { MMMM: named("month", 12, "long"), MMM: named("month", 12, "short"), WWWW: named("weekday", 7, "long"), WWW: named("weekday", 7, "short") };
}

function csvField(cell: number | string | null): string {
  const text = cell === null ? "" : String(cell);
  // A cell that a spreadsheet would take for a formula is shown as text.
  const safe = typeof cell === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** RFC 4180, with the byte order mark without which spreadsheets misread Korean. */
export function csvOf(columns: readonly Column[]): string {
  const rows = Math.max(0, ...columns.map((column) => column.cells.length));
  const lines = [columns.map((column) => csvField(column.name)).join(",")];
  for (let row = 0; row < rows; ++row) {
    lines.push(columns.map((column) => csvField(column.cells[row] ?? null)).join(","));
  }
  return "\uFEFF" + lines.join("\r\n") + "\r\n";
}

export function download(name: string, content: string, type: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
