// SPDX-License-Identifier: Apache-2.0
// The last seconds of the server: /metrics read every two seconds while the page is seen.
import { onDestroy } from "svelte";

import { ApiError, text } from "../base/api";
import { parseMetrics, type Reading, startedAnew } from "./metrics";

const kEveryMs = 2000;
/** So many readings back is "now". */
const kKept = 6;

interface Taken {
  time: number;
  reading: Reading;
}

export class Live {
  #taken = $state.raw<Taken[]>([]);
  error = $state.raw<ApiError | undefined>(undefined);

  /** The newest reading; since the server's start. */
  get now(): Reading | undefined {
    return this.#taken.at(-1)?.reading;
  }

  /** The oldest one that still counts as now; null until there are two. */
  get before(): Reading | null {
    return this.#taken.length > 1 ? (this.#taken[0]?.reading ?? null) : null;
  }

  /** Between these two; 0 until there are two. */
  get seconds(): number {
    return ((this.#taken.at(-1)?.time ?? 0) - (this.#taken[0]?.time ?? 0)) / 1000;
  }

  async read(): Promise<void> {
    try {
      const reading = parseMetrics(await text("/metrics"));
      const kept = this.#taken.slice(1 - kKept);
      const last = kept.at(-1);
      this.#taken = [...(last && startedAnew(last.reading, reading) ? [] : kept), { time: performance.now(), reading }];
      this.error = undefined;
    } catch (error) {
      this.error = error instanceof ApiError ? error : new ApiError(0, String(error));
    }
  }

  /** What was read long ago is not "now". */
  forget(): void {
    this.#taken = [];
  }
}

/** For a component: reads while the page is visible, one question at a time, and stops with the component. */
export function live(): Live {
  const one = new Live();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let round = 0;
  const turn = async (mine: number): Promise<void> => {
    await one.read();
    if (mine === round) {
      timer = setTimeout(() => void turn(mine), kEveryMs);
    }
  };
  const onvisibilitychange = (): void => {
    clearTimeout(timer);
    ++round;
    if (!document.hidden) {
      one.forget();
      void turn(round);
    }
  };
  document.addEventListener("visibilitychange", onvisibilitychange);
  onDestroy(() => {
    ++round;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", onvisibilitychange);
  });
  void turn(round);
  return one;
}
