// SPDX-License-Identifier: Apache-2.0
// What each person says of each item now, from the events, and the items on which people differ.
import type { LabelEvent } from "../labeling/api";
import { kNameless, nameOf } from "./matrix";

export interface Vote {
  actor: string;
  /** As one reads it; of several labels all of them. */
  label: string;
  labels: string[];
  received: string;
}

export interface Disputed {
  item: string;
  text: string;
  /** Of people, one each. */
  votes: Vote[];
}

/** Events come newest first: the newest answer of a person that was not taken back counts. */
export function votesOf(events: readonly LabelEvent[]): Disputed[] {
  const items = new Map<string, Disputed>();
  for (const event of events) {
    if (event.action !== "answer" || event.undone || event.actor_kind !== "human" || event.gold) {
      continue;
    }
    const item = items.get(event.item) ?? { item: event.item, text: event.text, votes: [] };
    items.set(event.item, item);
    if (!item.votes.some((vote) => vote.actor === event.actor)) {
      item.votes.push({ actor: event.actor, label: nameOf(event.label), labels: event.labels ?? [nameOf(event.label)], received: event.received });
    }
  }
  return [...items.values()];
}

/** True when one vote has the one label instead of the other: what the one has and the other has not, and the other way round. */
function differSo(a: Vote, b: Vote, one: string, other: string): boolean {
  const only = (mine: Vote, theirs: Vote) => {
    const labels = mine.labels.filter((label) => !theirs.labels.includes(label));
    return labels.length > 0 ? labels : [kNameless];
  };
  if (only(a, b).includes(kNameless) && only(b, a).includes(kNameless)) {
    return false; // equal
  }
  return only(a, b).includes(one) && only(b, a).includes(other);
}

/** Pairs of people who differ so on an item, as the API counts them. */
function pairsOn({ votes }: Disputed, one: string, other: string): number {
  return votes.reduce((sum, a) => sum + votes.filter((b) => differSo(a, b, one, other)).length, 0);
}

/** Items to which some people gave the one label and some the other. */
export function disputed(items: readonly Disputed[], one: string, other: string): Disputed[] {
  return items.filter((item) => pairsOn(item, one, other) > 0);
}

/** All such pairs of people. */
export function pairsOf(items: readonly Disputed[], one: string, other: string): number {
  return items.reduce((sum, item) => sum + pairsOn(item, one, other), 0);
}
