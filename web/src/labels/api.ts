// SPDX-License-Identifier: Apache-2.0
// What the labels view asks; the events are those of labeling/api.
import type { Interval } from "../base/format";
import type { LabelEvent } from "../labeling/api";

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
  alpha: number | null;
}

/** GET /v1/models/{model}/label-events, newest first. */
export interface Events {
  events: LabelEvent[];
}
