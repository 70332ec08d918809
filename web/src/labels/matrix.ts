// SPDX-License-Identifier: Apache-2.0
// The labels that people gave to the same items, two by two. A pair has no order, so half a matrix says all.
import type { Confused } from "./api";

/** A label that the schema has no name for; where a row may have several, that somebody gave no other one instead. */
export const kNameless = "–";

export interface PairCell {
  low: string;
  high: string;
  pairs: number;
  /** Of the most frequent pair. */
  share: number;
}

export interface Triangle {
  labels: string[];
  /** Line i is of labels[i + 1] and has a cell for each of labels[0] to labels[i]. */
  lines: PairCell[][];
}

export function nameOf(label: string | null): string {
  return label ?? kNameless;
}

function keyOf(one: string, other: string): string {
  return JSON.stringify(one < other ? [one, other] : [other, one]);
}

export function triangleOf(confused: readonly Confused[]): Triangle {
  const counts = new Map<string, number>();
  const names = new Set<string>();
  for (const { labels, pairs } of confused) {
    const [one, other] = [nameOf(labels[0]), nameOf(labels[1])];
    counts.set(keyOf(one, other), (counts.get(keyOf(one, other)) ?? 0) + pairs);
    names.add(one).add(other);
  }
  const labels = [...names].sort((a, b) => a.localeCompare(b));
  const most = Math.max(1, ...counts.values());
  const lines = labels.slice(1).map((high, line) =>
    labels.slice(0, line + 1).map((low) => {
      const pairs = counts.get(keyOf(low, high)) ?? 0;
      return { low, high, pairs, share: pairs / most };
    }),
  );
  return { labels, lines };
}

/** Where a key leads from a cell; undefined: it is not a key of the matrix. */
export function moved(key: string, at: { line: number; column: number }, lines: number): { line: number; column: number } | undefined {
  const { line, column } = at;
  const moves: Record<string, [number, number]> = {
    ArrowUp: [line - 1, column], ArrowDown: [line + 1, column], ArrowLeft: [line, column - 1], ArrowRight: [line, column + 1],
    Home: [line, 0], End: [line, line], PageUp: [0, column], PageDown: [lines - 1, column],
  };
  const move = moves[key];
  if (!move) {
    return undefined;
  }
  const to = Math.min(lines - 1, Math.max(0, move[0]));
  return { line: to, column: Math.min(to, Math.max(0, move[1])) };
}
