// SPDX-License-Identifier: Apache-2.0
// Profiles as windows in order of time, and what the charts show of them. No screen.
import type { Interval } from "../base/format";
import { wilson } from "../base/statistics";
import type { ChartData, Column, Mark, Series } from "../charts/series";
import type { Family, Incident, Profile } from "./api";

/** Why a window says what it says. */
export type Standing = "tested" | "reference" | "small";

export interface WatchedWindow {
  id: string;
  /** Milliseconds UTC. */
  begin: number;
  end: number;
  version: number;
  rows: number;
  standing: Standing;
  /** Rows by class. */
  counts: number[];
  /** Null where nothing was tested. */
  evidence: number | null;
  p: Record<Family, number | null>;
  effect: Record<Family, number | null>;
  noise: Record<Family, number | null>;
  /** Begin of the first window of its version in a row, in milliseconds. */
  run_begin: number;
}

/** By rising end; of two that end together the one written last. */
export function windowsOf(profiles: readonly Profile[]): WatchedWindow[] {
  const newest = new Map<number, Profile>();
  for (const profile of profiles.toSorted((a, b) => a.created.localeCompare(b.created))) {
    newest.set(Date.parse(profile.window_end), profile);
  }
  return [...newest].sort(([a], [b]) => a - b).map(([end, profile]) => {
    const { chains, tested, sums, run_begin } = profile.content;
    const of = (family: Family, value: number) => (tested && chains[family].applicable ? value : null);
    return {
      id: profile.id, begin: Date.parse(profile.window_begin), end, version: profile.version, rows: profile.rows,
      standing: tested ? "tested" : profile.reference ? "reference" : "small",
      counts: sums.class_counts,
      evidence: tested ? profile.evidence : null,
      p: { classes: of("classes", profile.class_p), embedding: of("embedding", profile.embedding_p) },
      effect: { classes: of("classes", profile.class_effect), embedding: of("embedding", profile.embedding_effect) },
      noise: { classes: of("classes", chains.classes.noise), embedding: of("embedding", chains.embedding.noise) },
      run_begin: run_begin / 1000,
    };
  });
}

export function nameOfClass(index: number, labels: readonly string[]): string {
  return labels[index] ?? String(index);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((a, b) => a + b, 0);
}

export function shareOf(window: Pick<WatchedWindow, "counts">, index: number): Interval | null {
  return wilson(window.counts[index] ?? 0, sum(window.counts));
}

/** Classes by falling count over all windows; those without a row are left out. */
export function classesOf(windows: readonly WatchedWindow[]): number[] {
  const totals: number[] = [];
  for (const window of windows) {
    window.counts.forEach((count, i) => (totals[i] = (totals[i] ?? 0) + count));
  }
  return totals.map((_, i) => i).filter((i) => (totals[i] ?? 0) > 0).sort((a, b) => (totals[b] ?? 0) - (totals[a] ?? 0) || a - b);
}

/** So many lines can be told apart. */
export const kMostLines = 7;

export interface ShareWords {
  others: string;
}

/** Shares of the classes, or of `one` of them. Of many classes the greatest, and all others as one. */
export function sharesOverTime(windows: readonly WatchedWindow[], labels: readonly string[], one: number | null, marks: Mark[], words: ShareWords): ChartData {
  const all = one === null ? classesOf(windows) : [one];
  const shown = all.length > kMostLines ? all.slice(0, kMostLines - 1) : all;
  const rest = all.slice(shown.length);
  const seriesOf = (name: string, of: (window: WatchedWindow) => Interval | null): Series => {
    const intervals = windows.map(of);
    const pick = (end: keyof Interval) => intervals.map((interval) => interval?.[end] ?? null);
    return { name, values: pick("value"), lower: pick("lower"), upper: pick("upper"), n: pick("n") };
  };
  const series = shown.map((index) => seriesOf(nameOfClass(index, labels), (window) => shareOf(window, index)));
  if (rest.length > 0) {
    series.push(seriesOf(words.others, (window) => wilson(sum(rest.map((index) => window.counts[index] ?? 0)), sum(window.counts))));
  }
  return { times: windows.map((window) => window.end), series, marks };
}

/** The effect of one family, and beside it what chance alone shows. */
export function effectOverTime(windows: readonly WatchedWindow[], family: Family, marks: Mark[], words: { effect: string; chance: string }): ChartData {
  return {
    times: windows.map((window) => window.end),
    series: [
      { name: words.effect, values: windows.map((window) => window.effect[family]), n: windows.map(({ effect, rows }) => (effect[family] === null ? null : rows)) },
      { name: words.chance, values: windows.map((window) => window.noise[family]) },
    ],
    marks,
  };
}

export function marksOf(incidents: readonly Incident[], say: (sentence: string) => string): Mark[] {
  return incidents.map((incident) => ({ time: Date.parse(incident.opened), text: say(incident.sentence) }));
}

/** What a window is held against. */
export interface Compared {
  /** "reference": what its test used; "before": the window before, since this one is a reference itself. */
  kind: "reference" | "before";
  begin: number;
  end: number;
  version: number;
  counts: number[];
}

export function comparedWith(chosen: WatchedWindow, windows: readonly WatchedWindow[]): Compared | null {
  if (chosen.standing !== "reference") {
    const run = windows.filter((one) => one.version === chosen.version && one.begin >= chosen.run_begin && one.end <= chosen.begin);
    const normal = run.filter((one) => one.standing === "reference");
    const [first, last] = [normal[0], normal.at(-1)];
    if (first && last) {
      return { kind: "reference", begin: first.begin, end: last.end, version: chosen.version, counts: added(normal.map((one) => one.counts)) };
    }
  }
  const before = windows.filter((one) => one.end <= chosen.begin && one.rows > 0).at(-1);
  return before ? { kind: "before", begin: before.begin, end: before.end, version: before.version, counts: before.counts } : null;
}

function added(all: readonly (readonly number[])[]): number[] {
  const total: number[] = [];
  for (const counts of all) {
    counts.forEach((count, i) => (total[i] = (total[i] ?? 0) + count));
  }
  return total;
}

export interface MixRow {
  index: number;
  now: Interval | null;
  before: Interval | null;
  /** Of the shares; null when one of them is not known. */
  change: number | null;
}

/** Classes with a row on either side, the greatest change first. */
export function mixOf(now: readonly number[], before: readonly number[]): MixRow[] {
  return Array.from({ length: Math.max(now.length, before.length) }, (_, index) => {
    const [here, there] = [shareOf({ counts: [...now] }, index), shareOf({ counts: [...before] }, index)];
    return { index, now: here, before: there, change: here && there ? here.value - there.value : null };
  })
    .filter((row) => (now[row.index] ?? 0) + (before[row.index] ?? 0) > 0)
    .sort((a, b) => Math.abs(b.change ?? 0) - Math.abs(a.change ?? 0) || a.index - b.index);
}

export interface WindowWords {
  begin: string;
  end: string;
  version: string;
  rows: string;
  standing: string;
  standings: Record<Standing, string>;
  evidence: string;
  p: Record<Family, string>;
  effect: Record<Family, string>;
}

/** What the drawing of the evidence shows; `budget` in days, null = not known. */
export function columnsOfEvidence(windows: readonly WatchedWindow[], budget: number | null, words: WindowWords & { alarm: string }): Column[] {
  const alarms = windows.map(({ evidence }) => (budget !== null && (evidence ?? 0) >= budget ? words.alarm : ""));
  return [
    { name: words.begin, kind: "time", cells: windows.map((one) => new Date(one.begin).toISOString()) },
    { name: words.end, kind: "time", cells: windows.map((one) => new Date(one.end).toISOString()) },
    { name: words.rows, kind: "count", cells: windows.map((one) => one.rows) },
    { name: words.standing, kind: "text", cells: windows.map((one) => words.standings[one.standing]) },
    { name: words.evidence, cells: windows.map((one) => one.evidence) },
    { name: words.alarm, kind: "text", cells: alarms },
  ];
}

/** Everything that the view says of the windows, for a spreadsheet. */
export function columnsOfWindows(windows: readonly WatchedWindow[], words: WindowWords): Column[] {
  const of = (name: string, pick: (window: WatchedWindow) => number | string | null): Column => ({ name, cells: windows.map(pick) });
  return [
    of(words.begin, (one) => new Date(one.begin).toISOString()), of(words.end, (one) => new Date(one.end).toISOString()),
    of(words.version, (one) => one.version), of(words.rows, (one) => one.rows), of(words.standing, (one) => words.standings[one.standing]),
    of(words.p.classes, (one) => one.p.classes), of(words.effect.classes, (one) => one.effect.classes),
    of(words.p.embedding, (one) => one.p.embedding), of(words.effect.embedding, (one) => one.effect.embedding), of(words.evidence, (one) => one.evidence),
  ];
}
