// SPDX-License-Identifier: Apache-2.0
// What was tried in this tab, newest first. It ends with the tab, and the next person at the same tab does not see it.
import type { Answer } from "./inference";

export interface Verdict {
  kind: "label" | "correct";
  /** The right label, if one was chosen. */
  label: string;
}

export interface Try {
  /** Of the request; what is said about it names it. */
  id: string;
  text: string;
  /** Milliseconds since 1970. */
  time: number;
  /** As the page saw it. */
  milliseconds: number;
  answer: Answer;
  /** What was stored about it last. */
  said?: Verdict;
}

const kMost = 50;
/** Storage of a tab is small; older ones than fit are left out. */
const kMostCharacters = 500_000;

export class Tried {
  readonly #name: string;
  readonly #storage: Storage | undefined;

  constructor(model: string, who: string, storage: Storage | undefined = storageOf()) {
    this.#name = `flywheel.tried.${JSON.stringify([model, who])}`;
    this.#storage = storage;
  }

  load(): Try[] {
    try {
      const found: unknown = JSON.parse(this.#storage?.getItem(this.#name) ?? "[]");
      return Array.isArray(found) ? (found as Try[]) : [];
    } catch {
      return [];
    }
  }

  /** Keeps what fits. */
  save(tries: readonly Try[]): void {
    let size = 0;
    const fitting = tries.slice(0, kMost).filter((one) => (size += one.text.length) <= kMostCharacters);
    try {
      this.#storage?.setItem(this.#name, JSON.stringify(fitting));
    } catch {
      // forbidden or full: it lives as long as the page
    }
  }
}

function storageOf(): Storage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}
