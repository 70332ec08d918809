// SPDX-License-Identifier: Apache-2.0
// Answers on their way: written to the browser's store first, then sent in the order in which they were given. A lost
// line keeps them; sending one twice is harmless, since the server knows it by its id. Several tabs may share the store.
import { ApiError } from "../base/api";
import type { Answer, Receipts } from "./api";

export interface Kept {
  seq: number;
  answer: Answer;
}

/** Where answers wait. */
export interface Store {
  /** False: it is memory only. */
  readonly lasting: boolean;
  add(answer: Answer): Promise<void>;
  /** The oldest ones, in order. */
  first(most: number): Promise<Kept[]>;
  count(): Promise<number>;
  remove(seqs: readonly number[]): Promise<void>;
}

export class MemoryStore implements Store {
  readonly lasting = false;
  #kept: Kept[] = [];
  #next = 1;

  async add(answer: Answer): Promise<void> {
    this.#kept.push({ seq: this.#next++, answer });
  }

  async first(most: number): Promise<Kept[]> {
    return this.#kept.slice(0, most);
  }

  async count(): Promise<number> {
    return this.#kept.length;
  }

  async remove(seqs: readonly number[]): Promise<void> {
    this.#kept = this.#kept.filter((one) => !seqs.includes(one.seq));
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error ?? new Error("IndexedDB failed"));
  });
}

class BrowserStore implements Store {
  readonly lasting = true;
  readonly #database: IDBDatabase;

  constructor(database: IDBDatabase) {
    this.#database = database;
  }

  #table(mode: IDBTransactionMode): IDBObjectStore {
    // Strict: the answer is on the disk when this says so.
    return this.#database.transaction("outbox", mode, { durability: "strict" }).objectStore("outbox");
  }

  async add(answer: Answer): Promise<void> {
    const table = this.#table("readwrite");
    const done = new Promise<void>((written, failed) => {
      table.transaction.oncomplete = () => written();
      table.transaction.onerror = table.transaction.onabort = () => failed(table.transaction.error ?? new Error("IndexedDB failed"));
    });
    table.add({ answer });
    await done;
  }

  async first(most: number): Promise<Kept[]> {
    return (await settled(this.#table("readonly").getAll(null, most))) as Kept[];
  }

  async count(): Promise<number> {
    return settled(this.#table("readonly").count());
  }

  async remove(seqs: readonly number[]): Promise<void> {
    const table = this.#table("readwrite");
    await Promise.all(seqs.map((seq) => settled(table.delete(seq))));
  }
}

/** The browser's store of this model and person; memory where the browser refuses one. */
export async function openStore(model: string, actor: string): Promise<Store> {
  try {
    const opening = indexedDB.open(`flywheel/${model}/${actor}`, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("outbox", { keyPath: "seq", autoIncrement: true });
    return new BrowserStore(await settled(opening));
  } catch {
    return new MemoryStore();
  }
}

const kAtOnce = 100;
const kFirstWaitMs = 250;
const kLongestWaitMs = 10_000;

export interface OutboxWishes {
  store: Store;
  post: (answers: Answer[]) => Promise<Receipts>;
  /** The number of answers that wait has changed. */
  onCount: (waiting: number) => void;
  /** The server has them. */
  onSent: (answers: Answer[]) => void;
  /** The server will never take this one. */
  onRefused: (answer: Answer, why: string) => void;
}

export class Outbox {
  readonly #wishes: OutboxWishes;
  #sending = false;
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(wishes: OutboxWishes) {
    this.#wishes = wishes;
    void this.#count();
    void this.#send();
    globalThis.addEventListener?.("online", this.#hurry);
  }

  /** Keeps the answer; resolves once the browser's store has it. */
  async add(answer: Answer): Promise<void> {
    await this.#wishes.store.add(answer);
    await this.#count();
    void this.#send();
  }

  /** What waits goes on waiting in the store. */
  stop(): void {
    this.#stopped = true;
    globalThis.removeEventListener?.("online", this.#hurry);
    this.#wake?.();
  }

  readonly #hurry = (): void => this.#wake?.();

  async #count(): Promise<void> {
    this.#wishes.onCount(await this.#wishes.store.count());
  }

  async #send(): Promise<void> {
    if (this.#sending) {
      return;
    }
    this.#sending = true;
    let wait = kFirstWaitMs;
    try {
      for (;;) {
        const kept = this.#stopped ? [] : await this.#wishes.store.first(kAtOnce);
        if (kept.length === 0) {
          return;
        }
        if (await this.#sendThese(kept)) {
          wait = kFirstWaitMs;
        } else {
          await new Promise<void>((done) => {
            this.#wake = done;
            setTimeout(done, wait);
          });
          wait = Math.min(wait * 2, kLongestWaitMs);
        }
      }
    } finally {
      this.#sending = false;
    }
  }

  /** False: not now. The order is kept: what comes after one that must wait waits too. */
  async #sendThese(kept: readonly Kept[]): Promise<boolean> {
    let receipts: Receipts;
    try {
      receipts = await this.#wishes.post(kept.map((one) => one.answer));
    } catch (error) {
      if (error instanceof ApiError && error.status === 400) {
        // As a whole it was not understood, so none of these ever will be.
        await this.#drop(kept);
        kept.forEach((one) => this.#wishes.onRefused(one.answer, error.message));
        return true;
      }
      return false;
    }
    const done: Kept[] = [];
    const sent: Answer[] = [];
    let waits = false;
    for (const [i, one] of kept.entries()) {
      const result = receipts.results[i];
      if (result === undefined || ("error" in result && result.status >= 500)) {
        waits = true;
        break;
      }
      done.push(one);
      if ("error" in result) {
        this.#wishes.onRefused(one.answer, result.error);
      } else {
        sent.push(one.answer);
      }
    }
    await this.#drop(done);
    this.#wishes.onSent(sent);
    return !waits;
  }

  async #drop(kept: readonly Kept[]): Promise<void> {
    await this.#wishes.store.remove(kept.map((one) => one.seq));
    await this.#count();
  }
}
