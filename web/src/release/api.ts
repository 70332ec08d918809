// SPDX-License-Identifier: Apache-2.0
// What the release view asks: the labels of the model, its versions, how they were judged, what moved them.
import type { Evaluation as Whole } from "../evaluation/api";

/** GET /v1/models/{model}/serving */
export interface Standing {
  model: string;
  /** Version numbers; 0 = the label points nowhere. */
  labels: { stable: number; canary: number; previous: number; shadow: number };
  loaded: number[];
  live: Rollout | null;
}

/** One event of a rollout; all of one rollout carry the id of its first. */
export interface Rollout {
  id: string;
  seq: number;
  rollout: string;
  step: number;
  state: "shadow" | "canary" | "done" | "rolled_back" | "cancelled";
  /** Shadow, canary, done: what served before, then the version on its way. Rolled back, cancelled: what was taken back, then what answers now. */
  from_version: number;
  to_version: number;
  share: number;
  signature_change: boolean;
  who: string;
  reason: string;
  turn: string | null;
  evaluation: string | null;
  created: string;
}

/** One of GET /v1/models/{model}/versions */
export interface Version {
  id: string;
  number: number;
  engine: string;
  bytes: number;
  dataset: string;
  created: string;
  labels: string[];
  verification: { served?: string; rows?: number; same_label?: number; max_abs_difference?: number; float_bytes?: number };
}

/** delta_lower is the lower 95 % bound of (only_challenger - only_champion) / n, by Tango's score. */
export type Evaluation = Omit<Whole, "dataset">;

/** One of GET /v1/audit; admins only. */
export interface AuditEvent {
  id: string;
  seq: number;
  time: string;
  who: string;
  source: string;
  act: string;
  about: string;
  detail: string;
  outcome: number;
  reason: string;
}

/** What an admin may do to the labels; each is a POST /v1/models/{model}/{act}. */
export type Act = "rollback" | "promote" | "shadow" | "canary" | "share" | "finish" | "cancel";

/** The body of such a call. */
export interface Wish {
  who: string;
  reason?: string;
  version?: number;
  share?: number;
  signature_change?: boolean;
}
