// SPDX-License-Identifier: Apache-2.0
// What the drift view asks: GET /v1/profiles, GET /v1/incidents, GET /v1/models/{model}/captured.

export type Family = "classes" | "embedding";
export const kFamilies: readonly Family[] = ["classes", "embedding"];

/** One detector's view of one window. */
export interface Chain {
  applicable: boolean;
  /** Named by an open incident: adds nothing to the evidence. */
  excluded: boolean;
  p: number;
  e: number;
  effect: number;
  /** The effect that chance alone exceeds in 5 % of windows of this size. */
  noise: number;
  /** Rows that the test counts: at most a tenth of the reference's. */
  n_used: number;
  /** This chain's share of the evidence, in days. */
  m: number;
}

export interface Profile {
  id: string;
  model: string;
  version: number;
  window_begin: string;
  window_end: string;
  rows: number;
  /** This window is part of what is "normal" for its version. */
  reference: boolean;
  class_p: number;
  class_effect: number;
  embedding_p: number;
  embedding_effect: number;
  /** In days; meaningful where `content.tested`. */
  evidence: number;
  created: string;
  content: {
    tested: boolean;
    sums: { rows: number; class_counts: number[] };
    chains: Record<Family, Chain>;
    /** Of the version's first window, in microseconds. */
    run_begin: number;
  };
}

export interface Incident {
  id: string;
  model: string;
  version: number;
  state: "open" | "closed" | "superseded";
  opened: string;
  closed: string | null;
  /** At most one false alarm in so many days; 0 where something was counted, not inferred. */
  budget_days: number;
  evidence: number;
  /** "classes", "embedding", both, or "capture". */
  families: string;
  sentence: string;
  numbers: Partial<Record<Family, { e: number; p: number; effect: number; gate: number; m: number; n_used: number; onset: string }>>;
}

/** One of GET /v1/models/{model}/captured. */
export interface CapturedRow {
  id: string;
  request_id: string;
  time: string;
  version: string;
  route: string;
  label: string;
  confidence: number;
  status: number;
  text: string;
  payload_digest: string;
  us_total: number;
}

/** A uniform sample of the rows that fit, the same each time. */
export interface Captured {
  rows: CapturedRow[];
  sampled_of: number;
}
