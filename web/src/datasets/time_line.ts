// SPDX-License-Identifier: Apache-2.0
// The history of an item in order of time: seen, said of it, gone into dataset versions.
import type { LabelEvent } from "../labeling/api";
import type { Item, Membership } from "./api";

/** Versions in a row in which the item stood the same. */
export interface Stay {
  first: Membership;
  last: Membership;
  versions: Membership[];
}

export type Step = { time: string } & (
  | { what: "first_seen" | "last_seen" }
  | { what: "said"; event: LabelEvent; target: LabelEvent | undefined }
  | { what: "stay"; stay: Stay }
);

export function staysOf(datasets: readonly Membership[]): Stay[] {
  const stays: Stay[] = [];
  for (const one of datasets.toSorted((a, b) => a.number - b.number)) {
    const stay = stays.at(-1);
    if (stay && stay.last.number + 1 === one.number && stay.last.split === one.split && stay.last.label === one.label) {
      stay.last = one;
      stay.versions.push(one);
    } else {
      stays.push({ first: one, last: one, versions: [one] });
    }
  }
  return stays;
}

const kOrder = { first_seen: 0, last_seen: 1, said: 2, stay: 3 } as const;

/** Oldest first. What is of the same moment stands in the order in which it can have come about. */
export function stepsOf(item: Item): Step[] {
  const events = item.events.toSorted((a, b) => a.seq - b.seq);
  const steps: Step[] = [
    { time: item.first_seen, what: "first_seen" },
    ...events.map((event): Step => ({ time: event.received, what: "said", event, target: events.find((one) => one.event_id === event.target) })),
    ...staysOf(item.datasets).map((stay): Step => ({ time: stay.first.created, what: "stay", stay })),
  ];
  if (item.last_seen !== item.first_seen) {
    steps.push({ time: item.last_seen, what: "last_seen" });
  }
  return steps.sort((a, b) => Date.parse(a.time) - Date.parse(b.time) || kOrder[a.what] - kOrder[b.what]);
}
