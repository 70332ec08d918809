// SPDX-License-Identifier: Apache-2.0
// What each person says of each item now, from the events, and the items on which people differ.
import type { LabelEvent } from "../labeling/api";
import { nameOf } from "./matrix";

export interface Vote {
  actor: string;
  label: string;
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
      item.votes.push({ actor: event.actor, label: nameOf(event.label), received: event.received });
    }
  }
  return [...items.values()];
}

/** Items that some people gave the one label and some the other. */
export function disputed(items: readonly Disputed[], one: string, other: string): Disputed[] {
  return items.filter(({ votes }) => votes.some((vote) => vote.label === one) && votes.some((vote) => vote.label === other));
}

/** Pairs of people who differ so, as the API counts them. */
export function pairsOf(items: readonly Disputed[], one: string, other: string): number {
  const count = (votes: readonly Vote[], label: string) => votes.filter((vote) => vote.label === label).length;
  return items.reduce((sum, { votes }) => sum + count(votes, one) * count(votes, other), 0);
}
