// SPDX-License-Identifier: Apache-2.0
// What the evaluation view asks.

/** One of GET /v1/models/{model}/evaluations: challenger against champion on the hold-out. */
export interface Evaluation {
  id: string;
  turn: string | null;
  challenger: string;
  champion: string | null;
  dataset: string;
  n: number;
  both_right: number;
  only_challenger: number;
  only_champion: number;
  /** Exact McNemar, one-sided: challenger better; champion better. */
  p_better: number;
  p_worse: number;
  /** Lower 95 % bound of the challenger's accuracy less the champion's. */
  delta_lower: number;
  challenger_log_loss: number;
  champion_log_loss: number;
  verdict: "promote" | "keep" | "undecided";
  reason: string;
  created: string;
}

/** One of GET /v1/models/{model}/versions, as far as it is used here. */
export interface Version {
  id: string;
  number: number;
  labels: string[];
}

export interface Said {
  label: string;
  probability: number;
}

export interface JudgedRow {
  item: string;
  text: string;
  truth: string;
  challenger: Said;
  champion: Said | null;
  /** One a class, in the order of the labels of that version. */
  scores_challenger: number[];
  scores_champion: number[] | null;
  /** The newest remark on it; "" = none. */
  note: string;
}

/** GET /v1/models/{model}/evaluations/{id}/rows: at most 5,000 rows. */
export interface JudgedRows {
  /** Of the challenger, in class order. */
  labels: string[];
  challenger: number;
  champion: number | null;
  dataset: string;
  rows: JudgedRow[];
}

/** One of GET /v1/notes. */
export interface Note {
  id: string;
  item: string;
  text: string;
  who: string;
  created: string;
}

export type Who = "challenger" | "champion";
