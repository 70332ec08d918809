// SPDX-License-Identifier: Apache-2.0
// The label calls of the API, as the server documents them.

export interface Suggestion {
  label: string;
  probability: number;
}

/** Why a task shows a suggestion or not: hidden is the random share that keeps people honest; off, it has not proved itself. */
export type SuggestionState = "shown" | "hidden" | "off" | "none";

/** A row has one label, or any number of them. */
export type Kind = "choice" | "choices";

export interface Task {
  task_id: string;
  turn: string;
  text: string;
  kind: Kind;
  labels: string[];
  suggestion: Suggestion | null;
  suggestion_state: SuggestionState;
  /** Suggestions would be shown, but people followed wrong ones too often. */
  suggestion_off_because?: "anchoring";
}

/** GET /v1/models/{model}/tasks */
export interface Tasks {
  tasks: Task[];
  left: number;
}

export type Action = "answer" | "skip" | "flag" | "undo";
/** What is said about a label elsewhere: GET label-events has it too. */
export type Deciding = "adjudicate" | "gold_set";

/** One of `answers` of POST /v1/labels. */
export interface Answer {
  event_id: string;
  actor: string;
  action: Action;
  task_id?: string;
  label?: string;
  /** Of kind choices instead of `label`. */
  labels?: string[];
  reason?: string;
  /** Of an undo: what it undoes. */
  target?: string;
  t_shown: number;
  t_saved: number;
}

/** POST /v1/labels */
export interface Receipts {
  results: ({ event_id: string; seq: number; repeated: boolean } | { error: string; status: number })[];
  accepted: number;
  refused: number;
}

/** One of GET /v1/models/{model}/label-events: what somebody said of an item. */
export interface LabelEvent {
  event_id: string;
  seq: number;
  actor: string;
  actor_kind: string;
  action: Action | Deciding;
  /** Of kind choices all of them, "; " between. */
  label: string | null;
  labels: string[] | null;
  reason: string;
  item: string;
  text: string;
  task_id: string | null;
  received: string;
  undone: boolean;
  /** A second answer, given without seeing the first. */
  blind?: true;
  /** To a question whose answer was known: measured, no vote. */
  gold?: true;
  /** Of an undo: what it undid. */
  target: string | null;
}
