// SPDX-License-Identifier: Apache-2.0
// What the data view asks.
import type { LabelEvent } from "../labeling/api";

export type Split = "train" | "valid" | "test";

export const kSplits: readonly Split[] = ["train", "valid", "test"];

/** One of GET /v1/datasets, newest first. */
export interface Version {
  /** Its digest. */
  id: string;
  parent: string | null;
  created: string;
  author: string;
  message: string;
  rows: number;
  /** Rows of each split by class. */
  counts: Partial<Record<Split, Record<string, number>>>;
}

/** How many, and the first of them by digest. */
export interface Items {
  count: number;
  items: string[];
}

/** GET /v1/datasets/{before}/diff/{after} */
export interface Difference {
  before: string;
  after: string;
  added: Items;
  removed: Items;
  /** To another split. */
  moved: Items;
  relabelled: { count: number; items: { item: string; before: string | number; after: string | number }[] };
}

/** A dataset version with an item in it. */
export interface Membership {
  dataset: string;
  /** Counted from the oldest, which is 1. */
  number: number;
  created: string;
  split: Split;
  label: string | null;
}

/** GET /v1/items/{digest} */
export interface Item {
  item: string;
  text: string;
  group: string;
  multiplicity: number;
  origin: string;
  licence: string;
  first_seen: string;
  last_seen: string;
  label: string | null;
  label_answers: number;
  label_agreeing: number;
  /** Stated by somebody, whatever the answers say. */
  label_decided: boolean;
  /** As gold. */
  label_gold: boolean;
  holdout: boolean;
  /** At most 20 others. */
  group_members: { item: string; text: string }[];
  events: LabelEvent[];
  datasets: Membership[];
}
