// SPDX-License-Identifier: Apache-2.0
// What the labels view asks; the events are those of labeling/api.
import type { Interval } from "../base/format";
import type { Kind, LabelEvent } from "../labeling/api";

/** GET /v1/models/{model}/labels/progress */
export interface Progress {
  tasks: number;
  answered: number;
  skipped: number;
  open: number;
}

export interface Annotator {
  actor: string;
  answers: number;
  skips: number;
  flags: number;
  undone: number;
  /** Of the `timed` answers that say how long they took. */
  seconds_median: number | null;
  timed: number;
  /** With what most others said of the items that others answered too. */
  agreement: Interval | null;
  /** Of questions whose answer was known, how many were right; null too for whoever only labels. */
  gold: Interval | null;
  /** How good, by the answers of all and the model together (CROWDLAB); null where nobody else answered the same. */
  score: number | null;
  newest: string;
}

export interface Confused {
  labels: [string | null, string | null];
  /** Of answers by two people to one item. */
  pairs: number;
}

/** GET /v1/models/{model}/annotators */
export interface Annotators {
  annotators: Annotator[];
  /** At most 200, the most frequent first. */
  confused: Confused[];
  items: number;
  /** Of these, answered by more than one. */
  shared: number;
  agreement: Interval | null;
  /** Of these pairs, those of which one answer is a blind second one. */
  blind: Interval | null;
  alpha: number | null;
}

/** GET /v1/models/{model}/label-events, newest first. */
export interface Events {
  events: LabelEvent[];
}

/** One answer; who gave it is told once the item was decided. */
export interface ReviewAnswer {
  label: string | null;
  /** Of rows that may have several; then `label` is all of them. */
  labels: string[] | null;
  blind: boolean;
  actor?: string;
  actor_kind?: string;
}

export interface ReviewItem {
  item: string;
  text: string;
  answers: ReviewAnswer[];
  majority: string | null;
  majority_labels: string[] | null;
  /** Share of the answers that say what most say. */
  agreement: number;
  /** The label by the answers of all and the model together (CROWDLAB), and how likely it is; null where rows have several labels. */
  likeliest: string | null;
  quality: number | null;
  suggestion: { label: string | null; probability: number } | null;
  decided: { event_id: string; label: string | null; labels: string[] | null; actor: string; comment: string; gold: boolean; received: string } | null;
}

/** GET /v1/models/{model}/review, worst first. */
export interface Review {
  items: ReviewItem[];
  kind: Kind;
  labels: string[];
  waiting: number;
  decided: number;
}

/** POST /v1/models/{model}/review and gold */
export interface DecisionReceipt {
  event_id: string;
  seq: number;
  repeated: boolean;
  answers: ReviewAnswer[];
}

/** One of GET /v1/incidents. */
export interface LabelIncident {
  id: string;
  opened: string;
  families: string;
  sentence: string;
}

interface Seconds {
  median: number;
  n: number;
}

/** GET /v1/models/{model}/anchoring */
export interface Anchoring {
  schema_version: number;
  /** Of answers to items whose suggestion was wrong, how many said the same; the suggestion in sight, and hidden. */
  visible: Interval | null;
  hidden: Interval | null;
  difference: { value: number; lower: number; upper: number } | null;
  most: number;
  switched_off: boolean;
  seconds_visible: Seconds | null;
  seconds_hidden: Seconds | null;
}
