// SPDX-License-Identifier: Apache-2.0
// What the training view asks: the fits that were kept, and the turns that they were made in.
import type { TurnInShort } from "../home/api";

export type Settings = Record<string, unknown>;

/** A fit's losses on the rows it learned from: one a step, or with its step. */
export type Curve = (number | null | [number, number] | { step: number; loss?: number; value?: number })[];

/** One of GET /v1/models/{model}/runs */
export interface Run {
  id: string;
  turn: string | null;
  kind: "trial" | "final";
  dataset: string;
  engine: string;
  settings: Settings;
  /** Too large for a number here: only its beginning is right. */
  seed: number;
  /** Number within its search; 0 of a trial = the engine's defaults. */
  trial: number;
  /** How far it came: 0 = a part of the effort, 1 = all of it. */
  rung: number;
  loss: number | null;
  metrics: {
    train_rows?: number;
    valid_rows?: number;
    valid_accuracy?: number | null;
    valid_log_loss?: number | null;
    train_log_loss?: number | null;
    temperature?: number | null;
    curve?: Curve;
  };
  cpu_seconds: number;
  /** Of a trial: what the process of all trials held while this one was fitted. Null = not known. */
  peak_rss_bytes: number | null;
  error: string;
  created: string;
}

/** One of those that a job under way has begun. */
export interface Fit {
  trial: number;
  rung: number;
  /** Those that only judge included. */
  step: number;
  /** Expected in all, 0 = unknown; a fit may end before. */
  steps: number;
  ended: boolean;
  /** On rows kept apart; of a trial that has ended. */
  loss: number | null;
  curve: Curve;
}

/** GET /v1/turns/{id}/fits */
export interface FitsNow {
  /** Null: nothing is fitted now. */
  kind: "trial" | "final" | null;
  /** Wanted of the search. */
  trials: number;
  fits: Fit[];
}

/** One of GET /v1/turns, as far as it is used here. */
export type Turn = Pick<TurnInShort, "id" | "number" | "state" | "step" | "trigger" | "verdict" | "error" | "window_begin" | "window_end" | "ended"> & { created: string };

export interface Step {
  id: string;
  name: string;
  output: Record<string, unknown>;
  created: string;
}

export interface Decision {
  id: string;
  kind: string;
  inputs: Record<string, unknown>;
  thresholds: Record<string, unknown>;
  numbers: Record<string, unknown>;
  verdict: string;
  who: string;
  created: string;
}

/** GET /v1/turns/{id} */
export interface TurnInFull extends Turn {
  steps: Step[];
  decisions: Decision[];
}

/** One of GET /v1/datasets */
export interface Dataset {
  id: string;
  counts: Record<string, Record<string, number>>;
}
