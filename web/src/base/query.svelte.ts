// SPDX-License-Identifier: Apache-2.0
// An answer of the API that a view shows: asked for when the view opens, again when news says it has changed, and kept
// on screen while the new one is on its way.
import { onDestroy } from "svelte";

import { ApiError } from "./api";
import { onNews, type Topic } from "./news.svelte";

export class Query<T> {
  data = $state.raw<T | undefined>(undefined);
  error = $state.raw<ApiError | undefined>(undefined);
  busy = $state(false);
  readonly #ask: (signal: AbortSignal) => Promise<T>;
  #running: AbortController | undefined;

  constructor(ask: (signal: AbortSignal) => Promise<T>) {
    this.#ask = ask;
  }

  /** Asks again; an older question still under way is dropped. */
  async refresh(): Promise<void> {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.busy = true;
    try {
      const data = await this.#ask(running.signal);
      if (this.#running === running) {
        this.data = data;
        this.error = undefined;
      }
    } catch (error) {
      if (this.#running === running) {
        this.error = error instanceof ApiError ? error : new ApiError(0, String(error));
      }
    } finally {
      if (this.#running === running) {
        this.busy = false;
      }
    }
  }

  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
  }
}

/** For a component: asks now and on news of `topics`, stops with the component. What `ask` reads reactively asks again. */
export function query<T>(ask: (signal: AbortSignal) => Promise<T>, topics: Topic[] = []): Query<T> {
  const one = new Query(ask);
  const forget = onNews(topics, () => void one.refresh());
  onDestroy(() => {
    forget();
    one.stop();
  });
  void one.refresh();
  return one;
}
