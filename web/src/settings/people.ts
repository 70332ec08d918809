// SPDX-License-Identifier: Apache-2.0
// Who may come in, and who labelled: one line a name. A person is a key with a name, or a name that stands under answers. No
// screen.
import type { Key } from "./api";

/** One of GET /v1/models/{model}/annotators, as far as it is shown here. */
export interface Annotator {
  actor: string;
  answers: number;
  skips: number;
  newest: string;
}

export interface Person {
  name: string;
  /** "in": may come in. "out": the key was revoked or is over. "none": there was never a key of that name. */
  door: "in" | "out" | "none";
  /** Of the key that counts. */
  roles: string[];
  last_used: string | null;
  /** Given under that name. */
  answers: number;
  newest_answer: string | null;
}

export function isOpen(key: Key, now: number): boolean {
  return !key.revoked && (key.expires === null || Date.parse(key.expires) > now);
}

/** Those who may come in first, then those with most answers. */
export function peopleOf(keys: readonly Key[], annotators: readonly Annotator[], now: number): Person[] {
  const people = new Map<string, Person>();
  const person = (name: string): Person => {
    const known = people.get(name) ?? { name, door: "none", roles: [], last_used: null, answers: 0, newest_answer: null };
    people.set(name, known);
    return known;
  };
  for (const key of keys) {
    const one = person(key.name); // a name may be given again once its key was revoked; the open one counts, else the last
    const open = isOpen(key, now);
    if (open || one.door !== "in") {
      one.door = open ? "in" : "out";
      one.roles = key.roles;
    }
    const used = key.last_used ?? null;
    if (used !== null && (one.last_used === null || Date.parse(used) > Date.parse(one.last_used))) {
      one.last_used = used;
    }
  }
  for (const annotator of annotators) {
    const one = person(annotator.actor);
    one.answers += annotator.answers;
    one.newest_answer = annotator.newest;
  }
  const order = { in: 0, none: 1, out: 2 };
  return [...people.values()].sort((a, b) => order[a.door] - order[b.door] || b.answers - a.answers || a.name.localeCompare(b.name));
}

/** Without one nobody could let people in again: the last of them stays. */
export function isLastAdmin(person: Person, people: readonly Person[]): boolean {
  const admins = people.filter((one) => one.door === "in" && one.roles.includes("admin"));
  return admins.length === 1 && admins[0]?.name === person.name;
}
