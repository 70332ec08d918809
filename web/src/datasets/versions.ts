// SPDX-License-Identifier: Apache-2.0
// Dataset versions: their numbers, their counts, and which two one compares.
import type { Item, Membership, Split, Version } from "./api";
import { kSplits } from "./api";

export const kMostListed = 1000;

/** Versions come newest first; the oldest is 1. Unknown when the list was cut off. */
export function numberOf(versions: readonly Version[], id: string): number | undefined {
  const place = versions.findIndex((one) => one.id === id);
  return place < 0 || versions.length >= kMostListed ? undefined : versions.length - place;
}

export function rowsOf(version: Version, split: Split): number {
  return Object.values(version.counts[split] ?? {}).reduce((sum, n) => sum + n, 0);
}

export interface ClassCounts {
  label: string;
  /** In the order of kSplits. */
  splits: { before: number; after: number }[];
  before: number;
  after: number;
}

export function byClass(before: Version | undefined, after: Version): ClassCounts[] {
  const of = (version: Version | undefined, split: Split, label: string) => version?.counts[split]?.[label] ?? 0;
  const labels = new Set([before, after].flatMap((version) => kSplits.flatMap((split) => Object.keys(version?.counts[split] ?? {}))));
  return [...labels].sort((a, b) => a.localeCompare(b)).map((label) => {
    const splits = kSplits.map((split) => ({ before: of(before, split, label), after: of(after, split, label) }));
    return { label, splits, before: splits.reduce((sum, one) => sum + one.before, 0), after: splits.reduce((sum, one) => sum + one.after, 0) };
  });
}

/** As the address says; else the newest against the one before it. */
export function pairFrom(parameters: URLSearchParams, versions: readonly Version[]): { before: Version | undefined; after: Version | undefined } {
  const known = (name: string) => versions.find((one) => one.id === parameters.get(name));
  const after = known("after") ?? versions[0];
  const next = after ? versions[versions.indexOf(after) + 1] : undefined;
  return { before: known("before") ?? next, after };
}

/** Where an item stood in a version. */
export function standing(item: Item, dataset: string): Membership | undefined {
  return item.datasets.find((one) => one.dataset === dataset);
}
