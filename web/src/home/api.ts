// SPDX-License-Identifier: Apache-2.0
// What home asks: GET /v1/status and GET /v1/turns.

export interface Audited {
  n: number;
  right: number;
  accuracy: number;
  lower: number;
  upper: number;
  /** Audit questions nobody has answered yet. */
  missing: number;
}

/** The rows of `audited` as the version that was released first would have answered them. */
export interface NeverRetrained extends Audited {
  version: number;
}

export interface TurnInShort {
  id: string;
  number: number;
  state: "open" | "waiting" | "done" | "failed" | "cancelled";
  step: string;
  trigger: string;
  verdict: string;
  /** A sentence of the server: why the verdict is so; "" while it is not there. */
  reason: string;
  error: string;
  window_begin: string;
  window_end: string;
  ended: string | null;
  served: number;
  questions: number;
  version: number;
  audited: Audited | null;
  never_retrained: NeverRetrained | null;
  drift: boolean;
}

export interface Status {
  model: string;
  time: string;
  ready: boolean;
  served: {
    ready: boolean;
    version: number;
    previous: number;
    canary: number;
    shadow: number;
    share: number;
    known_versions: number;
    corrected: boolean;
    problem: string;
    since: string | null;
    moved_by: string | null;
    why: string | null;
    labels: string[];
  };
  audited: (Audited & { turn: number; window_begin: string; window_end: string; never_retrained: NeverRetrained | null }) | null;
  /** `contested`: texts on which people differ and nothing was decided; `audits`: of the open turn, those that are not skipped; `audits_open`: of these, those that wait. */
  labels: { tasks: number; answered: number; skipped: number; open: number; contested: number; audits: number; audits_open: number };
  /** Those that are open; some are not of drift but of how people label. */
  incidents: { id: string; opened: string; sentence: string; budget_days: number; drift: boolean }[];
  turn: TurnInShort | null;
  turns: TurnInShort[];
  due: { now: boolean; reason: string | null; at: string | null };
  captured: { rows: number; feedback: number; dropped: number; waiting: number; failure: string } | null;
}

/** One of GET /v1/turns: the record itself; its summary is there once it has ended. */
export interface TurnRecord {
  id: string;
  number: number;
  state: TurnInShort["state"];
  verdict: string;
  window_begin: string;
  window_end: string;
  summary: { audited?: Audited; never_retrained?: NeverRetrained | null; drift?: { incident_open?: boolean; incident_opened?: string | null }; version?: number };
}
