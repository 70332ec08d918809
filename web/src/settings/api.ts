// SPDX-License-Identifier: Apache-2.0
// What the settings view asks: keys, settings, rows of a file.

/** One of GET /v1/keys. */
export interface Key {
  name: string;
  roles: string[];
  rate: number;
  burst: number;
  created: string;
  expires: string | null;
  last_used?: string | null;
  revoked: string | boolean | null;
}

/** POST /v1/keys: the text of the key is there once. */
export interface NewKey extends Key {
  key: string;
}

export const kRoles = ["infer", "feedback", "label", "read", "admin"] as const;

export type Value = string | number | boolean;

export interface Setting {
  /** "loop.label_share" */
  name: string;
  value: Value;
}

/** GET /v1/settings */
export interface Settings {
  settings: Setting[];
  toml: string;
}

/** POST /v1/settings */
export interface Changed {
  before: string;
  toml: string;
  written: boolean;
}

export interface Rejection {
  line: number;
  field: string;
  message: string;
}

/** POST /v1/import?check=1 */
export interface Checked {
  rows: number;
  rejected: number;
  rejections: Rejection[];
  truncated: boolean;
  unlabelled: number;
  labels: { label: string; rows: number }[];
  first_rows: { line: number; text: string; label: string }[];
}

/** POST /v1/import */
export interface Imported {
  rows: number;
  rejected: number;
  rejections: Rejection[];
  examples: number;
  repeats: number;
  near_duplicates: number;
  labels_added: number;
  labels_known: number;
  labels_rejected: number;
  unknown_labels: Rejection[];
  new_labels: string[];
  /** Rows without a label that people are asked about now. */
  asked: number;
}
