// SPDX-License-Identifier: Apache-2.0
// What one decides about items on which people differ: the list, the one in hand, decisions and their undo. An item that
// was decided here stays in its place, so that one sees who said what. Knows no screen.
import { path, post } from "../base/api";
import { uuidv7 } from "../base/uuid";
import type { DecisionReceipt, Review, ReviewItem } from "./api";
import type { Pressed } from "../labeling/keys";

export type ReviewPress =
  | { does: "choose"; index: number }
  | { does: "next" | "previous" | "majority" | "undo" | "comment" | "gold" | "keys" | "save" };

const kKeys: Record<string, Exclude<ReviewPress["does"], "choose">> = {
  KeyJ: "next", KeyK: "previous", KeyA: "majority", KeyU: "undo", KeyC: "comment", KeyG: "gold", Space: "save",
};
const kBusyInputMethod = 229; // UI Events, 7.3.1: what keydown says while an input method has the key

/** By the place of the key, as on the label page. */
export function pressOf(pressed: Pressed, labels: number): ReviewPress | undefined {
  if (pressed.isComposing || pressed.keyCode === kBusyInputMethod || pressed.ctrlKey || pressed.altKey || pressed.metaKey) {
    return undefined;
  }
  if (pressed.code === "Slash" && pressed.shiftKey) {
    return { does: "keys" };
  }
  const does = kKeys[pressed.code];
  const walks = does === "next" || does === "previous";
  if (pressed.shiftKey || (pressed.repeat && !walks)) {
    return undefined;
  }
  if (does !== undefined) {
    return { does };
  }
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(pressed.code)?.[1];
  const index = Number(digit) - 1;
  return digit !== undefined && index < labels ? { does: "choose", index } : undefined;
}

/** Answers, counted by label; the most frequent first. */
export function countsOf(item: ReviewItem): { label: string; n: number; actors: string[] }[] {
  const counts = new Map<string, { label: string; n: number; actors: string[] }>();
  for (const { label, actor } of item.answers) {
    const one = counts.get(label ?? "?") ?? { label: label ?? "?", n: 0, actors: [] };
    one.n += 1;
    one.actors.push(...(actor === undefined ? [] : [actor]));
    counts.set(one.label, one);
  }
  return [...counts.values()].sort((a, b) => b.n - a.n);
}

export interface ReviewWishes {
  model: string;
  tell?: typeof post;
  now?: () => number;
}

export class ReviewDesk {
  items = $state.raw<ReviewItem[]>([]);
  at = $state(0);
  busy = $state(false);
  failure = $state("");
  readonly #model: string;
  readonly #tell: typeof post;
  readonly #now: () => number;
  #done: { item: string; eventId: string; before: ReviewItem }[] = [];

  constructor({ model, tell = post, now = Date.now }: ReviewWishes) {
    this.#model = model;
    this.#tell = tell;
    this.#now = now;
  }

  get current(): ReviewItem | undefined {
    return this.items[this.at];
  }

  /** A new list of what waits. What was decided here stays, the order of what is known too. */
  take({ items }: Review): void {
    const waiting = new Map(items.map((item) => [item.item, item]));
    const kept = this.items.flatMap((item) => {
      const fresh = waiting.get(item.item);
      return item.decided !== null ? [item] : fresh ? [fresh] : [];
    });
    const known = new Set(kept.map((item) => item.item));
    const current = this.current?.item;
    this.items = [...kept, ...items.filter((item) => !known.has(item.item))];
    const place = this.items.findIndex((item) => item.item === current);
    this.at = place < 0 ? Math.min(this.at, Math.max(0, this.items.length - 1)) : place;
  }

  move(by: number): void {
    this.at = Math.max(0, Math.min(this.items.length - 1, this.at + by));
  }

  select(item: string): void {
    this.at = Math.max(0, this.items.findIndex((one) => one.item === item));
  }

  /** States the label of the item in hand, as gold or not; of rows that may have several, all of them. */
  async decide(actor: string, what: string | string[], comment: string, gold = false): Promise<boolean> {
    const item = this.current;
    if (!item || this.busy) {
      return false;
    }
    const eventId = uuidv7(this.#now());
    return this.#say(async () => {
      const address = gold ? path`/v1/models/${this.#model}/gold` : path`/v1/models/${this.#model}/review`;
      const labels = typeof what === "string" ? null : what;
      const label = typeof what === "string" ? what : what.join("; ");
      const said = labels === null ? { label } : { labels };
      const { answers } = await this.#tell<DecisionReceipt>(address, { event_id: eventId, item: item.item, actor, ...said, comment });
      this.#done.push({ item: item.item, eventId, before: item });
      const received = new Date(this.#now()).toISOString();
      this.#replace({ ...item, answers, decided: { event_id: eventId, label, labels, actor, comment, gold, received } });
    });
  }

  /** Takes back the newest decision of this session, and goes to its item. False: there is none. */
  async undo(actor: string): Promise<boolean> {
    const last = this.#done.at(-1);
    if (!last || this.busy) {
      return false;
    }
    return this.#say(async () => {
      await this.#tell("/v1/labels", { event_id: uuidv7(this.#now()), actor, action: "undo", target: last.eventId });
      this.#done.pop();
      this.#replace(last.before);
      this.select(last.item);
    });
  }

  #replace(item: ReviewItem): void {
    this.items = this.items.map((one) => (one.item === item.item ? item : one));
  }

  async #say(what: () => Promise<void>): Promise<boolean> {
    this.busy = true;
    this.failure = "";
    try {
      await what();
      return true;
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
