// SPDX-License-Identifier: Apache-2.0
// From judged rows to what is shown of them: the matrix, shares by class, slices, and both versions row by row. No screen.
import type { Interval } from "../base/format";
import type { JudgedRow, JudgedRows, Who } from "./api";
import { wilson } from "../base/statistics";
import { type Bet, equalGroups } from "./statistics";

export function isRight(row: JudgedRow, who: Who): boolean {
  return row[who]?.label === row.truth;
}

/** The classes in order; one that only a person or the champion has named comes last. */
export function labelsOf(judged: JudgedRows): string[] {
  const labels = new Set(judged.labels);
  for (const row of judged.rows) {
    labels.add(row.truth);
    if (row.champion) {
      labels.add(row.champion.label);
    }
  }
  return [...labels];
}

export function accuracyOf(rows: readonly JudgedRow[], who: Who): Interval | null {
  const answered = rows.filter((row) => row[who] !== null);
  return wilson(answered.filter((row) => isRight(row, who)).length, answered.length);
}

export interface Cell {
  truth: string;
  said: string;
  count: number;
  /** Of the rows of its truth. */
  share: number;
}

/** One line a true class, one cell a class that was said. */
export function confusionOf(rows: readonly JudgedRow[], labels: readonly string[], who: Who): Cell[][] {
  const place = new Map(labels.map((label, i) => [label, i]));
  const counts = labels.map(() => labels.map(() => 0));
  for (const row of rows) {
    const line = counts[place.get(row.truth) ?? -1];
    const at = place.get(row[who]?.label ?? "");
    if (line && at !== undefined) {
      line[at] = (line[at] ?? 0) + 1;
    }
  }
  return counts.map((line, t) => {
    const all = line.reduce((sum, count) => sum + count, 0);
    return line.map((count, s) => ({ truth: labels[t] ?? "", said: labels[s] ?? "", count, share: all === 0 ? 0 : count / all }));
  });
}

export interface ClassShares {
  label: string;
  /** Of the rows that are of it, those that were said to be. */
  recall: Record<Who, Interval | null>;
  /** Of the rows that were said to be of it, those that are. */
  precision: Record<Who, Interval | null>;
}

export function sharesByClass(rows: readonly JudgedRow[], labels: readonly string[]): ClassShares[] {
  const both = (of: (who: Who) => Interval | null) => ({ challenger: of("challenger"), champion: of("champion") });
  return labels.map((label) => ({
    label,
    recall: both((who) => accuracyOf(rows.filter((row) => row.truth === label), who)),
    precision: both((who) => accuracyOf(rows.filter((row) => row[who]?.label === label), who)),
  }));
}

export const kPairs = ["both_right", "only_challenger", "only_champion", "both_wrong"] as const;
export type Pair = (typeof kPairs)[number];

export function pairOf(row: JudgedRow): Pair {
  const challenger = isRight(row, "challenger");
  const champion = isRight(row, "champion");
  return challenger && champion ? "both_right" : challenger ? "only_challenger" : champion ? "only_champion" : "both_wrong";
}

export function countPairs(rows: readonly JudgedRow[]): Record<Pair, number> {
  const counts: Record<Pair, number> = { both_right: 0, only_challenger: 0, only_champion: 0, both_wrong: 0 };
  for (const row of rows) {
    ++counts[pairOf(row)];
  }
  return counts;
}

export type SliceKind = "class" | "length" | "word";

export interface Slice {
  kind: SliceKind;
  /** The class, "12-20" characters, or the word. */
  name: string;
  rows: JudgedRow[];
}

/** As a reader counts: code points, not UTF-16 units. */
export function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) {
    ++length;
  }
  return length;
}

export function slicesByClass(rows: readonly JudgedRow[], labels: readonly string[]): Slice[] {
  return labels.map((name) => ({ kind: "class", name, rows: rows.filter((row) => row.truth === name) }));
}

/** Quarters of the rows by the length of their text; fewer when many are equally long. */
export function slicesByLength(rows: readonly JudgedRow[]): Slice[] {
  const lengths = rows.map((row) => lengthOf(row.text));
  return equalGroups(lengths, 4).map((places) => ({
    kind: "length",
    name: `${lengths[places[0] ?? 0] ?? 0}-${lengths[places.at(-1) ?? 0] ?? 0}`,
    rows: places.flatMap((i) => rows[i] ?? []),
  }));
}

function plain(text: string): string {
  return text.normalize("NFC").toLowerCase();
}

/** "금리, bank" -> two words, each once. */
export function wordsOf(typed: string): string[] {
  const words = new Map<string, string>();
  for (const word of typed.split(/[,\n]/)) {
    const trimmed = word.trim();
    if (trimmed !== "" && !words.has(plain(trimmed))) {
      words.set(plain(trimmed), trimmed);
    }
  }
  return [...words.values()];
}

/** Rows whose text contains the word, large and small letters alike. */
export function slicesByWord(rows: readonly JudgedRow[], words: readonly string[]): Slice[] {
  const texts = words.length > 0 ? rows.map((row) => plain(row.text)) : [];
  return words.map((name) => ({ kind: "word", name, rows: rows.filter((_, i) => texts[i]?.includes(plain(name))) }));
}

/** What each answer of one version was worth: its probability, and whether it was right. */
export function betsOf(rows: readonly JudgedRow[], who: Who): Bet[] {
  return rows.flatMap((row) => (row[who] ? [{ probability: row[who].probability, right: isRight(row, who) }] : []));
}

/** The wrong before the right, the surest first. */
export function surestWrongFirst(rows: readonly JudgedRow[], who: Who): JudgedRow[] {
  const weight = (row: JudgedRow) => (isRight(row, who) ? 0 : 2) + (row[who]?.probability ?? 0);
  return [...rows].sort((a, b) => weight(b) - weight(a));
}
