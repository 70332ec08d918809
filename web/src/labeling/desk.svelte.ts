// SPDX-License-Identifier: Apache-2.0
// The desk of one person: tasks on loan, the one in hand, what was answered and can be undone. An answer moves on at
// once; the outbox sees to it that the server learns of it. Knows no screen.
import { get, path, post } from "../base/api";
import { uuidv7 } from "../base/uuid";
import type { Answer, LabelEvent, Receipts, Task, Tasks } from "./api";
import { Outbox, type Store } from "./outbox";

/** Tasks kept at hand, so that the next one is there in one frame. */
export const kAtHand = 20;
const kMostAsked = 100;
const kRenewMs = 5 * 60_000; // a lease lasts 15 minutes
const kLookMs = 15_000; // for new tasks, when there are none
const kSecondsKept = 200;
const kMostRecalled = 10_000;

/** Something one said and may take back. `task` is unknown for answers of earlier sessions until it is needed. */
interface Said {
  eventId: string;
  task: Task;
  /** Of an answer of kind choices. */
  labels: string[];
}

export interface DeskWishes {
  model: string;
  actor: string;
  store: Store;
  now?: () => number;
  ask?: typeof get;
  tell?: typeof post;
}

export class Desk {
  /** The one in hand is the first. */
  tasks = $state.raw<Task[]>([]);
  left = $state(0);
  unsent = $state(0);
  answered = $state(0);
  seconds = $state.raw<number[]>([]);
  /** Of kind choices: what is ticked for the task in hand, in the order of its labels. */
  chosen = $state.raw<string[]>([]);
  refused = $state.raw<{ answer: Answer; why: string } | undefined>(undefined);
  error = $state.raw<Error | undefined>(undefined);
  loaded = $state(false);

  readonly #model: string;
  readonly #actor: string;
  readonly #now: () => number;
  readonly #ask: typeof get;
  readonly #outbox: Outbox;
  #recalling: Promise<void> | undefined;
  readonly #done = new Set<string>(); // answered here; the server may not know it yet
  readonly #texts = new Map<string, Task>();
  #said: Said[] = [];
  #undone: { said: Said; undoId: string }[] = [];
  #past: Said[] | undefined; // of earlier sessions, newest last; asked for when it is needed
  #asking: Promise<void> | undefined;
  #shown = 0;
  #renewed = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor({ model, actor, store, now = Date.now, ask = get, tell = post }: DeskWishes) {
    this.#model = model;
    this.#actor = actor;
    this.#now = now;
    this.#ask = ask;
    this.#recalling = this.#recall(store).catch(() => undefined);
    this.#outbox = new Outbox({
      store,
      post: (answers) => tell<Receipts>("/v1/labels", { answers }),
      onCount: (waiting) => (this.unsent = waiting),
      onSent: () => void this.#refillIfLow(),
      onRefused: (answer, why) => this.#onRefused(answer, why),
    });
    this.#timer = setInterval(() => void this.#look(), kLookMs);
  }

  get task(): Task | undefined {
    return this.tasks[0];
  }

  /** Of the seconds that an answer took: the median; 0 = none yet. */
  get pace(): number {
    const sorted = [...this.seconds].sort((a, b) => a - b);
    const middle = Math.floor(sorted.length / 2);
    return sorted.length === 0 ? 0 : sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#outbox.stop();
  }

  /** The task in hand has just been painted. */
  shown(): void {
    this.#shown = this.#now();
  }

  /** Of kind choice: this is the answer. */
  choose(label: string): Task | undefined {
    return this.#say({ action: "answer", label });
  }

  /** Of kind choices: ticks a label, or takes its tick away. */
  toggle(label: string): void {
    const ticked = this.chosen.includes(label) ? this.chosen.filter((one) => one !== label) : [...this.chosen, label];
    this.chosen = (this.task?.labels ?? []).filter((one) => ticked.includes(one));
  }

  /** Of kind choices: what is ticked is the answer, none of them too. */
  save(): Task | undefined {
    return this.#say({ action: "answer", labels: this.chosen });
  }

  skip(reason: string): Task | undefined {
    return this.#say({ action: "skip", reason });
  }

  /** A flag is a remark: the task stays in hand. */
  flag(comment: string): void {
    const task = this.task;
    if (task) {
      this.#send({ action: "flag", task_id: task.task_id, reason: comment });
    }
  }

  /** Takes back one's newest answer or skip, of this session or an earlier one. False: there is none. */
  async undo(): Promise<boolean> {
    const said = this.#said.pop() ?? (await this.#fromThePast());
    if (!said) {
      return false;
    }
    const undoId = this.#send({ action: "undo", target: said.eventId });
    this.#undone.push({ said, undoId });
    this.#done.delete(said.task.task_id);
    this.answered = Math.max(0, this.answered - 1);
    this.#texts.set(said.task.task_id, said.task);
    this.tasks = [said.task, ...this.tasks.filter((task) => task.task_id !== said.task.task_id)];
    this.chosen = said.labels;
    return true;
  }

  /** Undoes the newest undo. */
  redo(): boolean {
    const undone = this.#undone.pop();
    if (!undone) {
      return false;
    }
    this.#send({ action: "undo", target: undone.undoId });
    this.#said.push(undone.said);
    this.#done.add(undone.said.task.task_id);
    this.answered += 1;
    this.tasks = this.tasks.filter((task) => task.task_id !== undone.said.task.task_id);
    this.chosen = [];
    void this.#refillIfLow();
    return true;
  }

  /** Asks for tasks until there are enough at hand; also renews the leases of those that are. */
  async refill(): Promise<void> {
    this.#asking ??= this.#askForTasks().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  /** What waits in the store since before a reload is answered, though the server may not know it yet: it must not ask again. */
  async #recall(store: Store): Promise<void> {
    const tasks = new Map<string, string>();
    for (const { answer } of await store.first(kMostRecalled)) {
      const task = answer.action === "undo" ? tasks.get(answer.target ?? "") : answer.task_id;
      if (task === undefined || answer.action === "flag") {
        continue;
      }
      tasks.set(answer.event_id, task);
      // An undo takes an answer back, or an undo.
      if (answer.action === "undo" && this.#done.has(task)) {
        this.#done.delete(task);
      } else {
        this.#done.add(task);
      }
    }
  }

  async #askForTasks(): Promise<void> {
    if (this.#recalling) {
      await this.#recalling;
      this.#recalling = undefined;
    }
    // The server hands out what one has on loan first, also what is answered and on its way.
    const wanted = Math.min(kMostAsked, kAtHand + this.tasks.length + this.unsent);
    try {
      const given = await this.#ask<Tasks>(path`/v1/models/${this.#model}/tasks`, { actor: this.#actor, count: wanted });
      const known = new Set(this.tasks.map((task) => task.task_id));
      const fresh = given.tasks.filter((task) => !known.has(task.task_id) && !this.#done.has(task.task_id));
      if (fresh.length > 0) {
        this.tasks = [...this.tasks, ...fresh];
      }
      this.left = given.left;
      this.#renewed = this.#now();
      this.error = undefined;
      this.loaded = true;
    } catch (error) {
      this.error = error instanceof Error ? error : new Error(String(error));
    }
  }

  async #refillIfLow(): Promise<void> {
    if (this.tasks.length < kAtHand) {
      await this.refill();
    }
  }

  async #look(): Promise<void> {
    if (this.tasks.length === 0 || this.#now() - this.#renewed > kRenewMs) {
      await this.refill();
    }
  }

  #say(what: Pick<Answer, "action" | "label" | "labels" | "reason">): Task | undefined {
    const task = this.task;
    if (!task) {
      return undefined;
    }
    const eventId = this.#send({ ...what, task_id: task.task_id });
    if (what.action === "answer") {
      this.answered += 1;
      this.seconds = [...this.seconds.slice(1 - kSecondsKept), (this.#now() - this.#shown) / 1000];
    }
    this.#said.push({ eventId, task, labels: what.labels ?? [] });
    this.chosen = [];
    this.#undone = [];
    this.#done.add(task.task_id);
    this.tasks = this.tasks.slice(1);
    this.left = Math.max(0, this.left - 1);
    void this.#refillIfLow();
    return task;
  }

  #send(part: Pick<Answer, "action"> & Partial<Answer>): string {
    const now = this.#now();
    const answer: Answer = { event_id: uuidv7(now), actor: this.#actor, t_shown: this.#shown, t_saved: now, ...part };
    this.#outbox.add(answer).catch((error: unknown) => this.#onRefused(answer, String(error)));
    return answer.event_id;
  }

  #onRefused(answer: Answer, why: string): void {
    this.refused = { answer, why };
    this.#said = this.#said.filter((said) => said.eventId !== answer.event_id);
  }

  async #fromThePast(): Promise<Said | undefined> {
    if (!this.#past) {
      const taken = new Set(this.#undone.map((one) => one.said.eventId));
      const { events } = await this.#ask<{ events: LabelEvent[] }>(path`/v1/models/${this.#model}/label-events`, {
        actor: this.#actor,
        limit: 1000,
      });
      this.#past = events
        .filter((event) => (event.action === "answer" || event.action === "skip") && !event.undone && event.task_id !== null && !taken.has(event.event_id))
        .map((event) => ({ eventId: event.event_id, task: this.#taskOf(event), labels: event.labels ?? [] }))
        .reverse();
    }
    return this.#past.pop();
  }

  #taskOf(event: LabelEvent): Task {
    const known = this.#texts.get(event.task_id ?? "");
    const labels = this.tasks[0]?.labels ?? [];
    const kind = event.labels === null ? "choice" : "choices";
    return known ?? { task_id: event.task_id ?? "", turn: "", text: event.text, kind, labels, suggestion: null, suggestion_state: "none" };
  }
}
