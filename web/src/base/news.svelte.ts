// SPDX-License-Identifier: Apache-2.0
// What the server tells while the page is open: which records have changed, and how much is served just now. One stream
// for the whole page; when it breaks it is taken up again. The server tells each listener of every topic once, so what was
// missed is asked for anew.
import { send } from "./api";
import { EventParser } from "./event_stream";

export type Topic = "turns" | "labels" | "models" | "incidents" | "evaluations" | "datasets" | "runs" | "fits" | "serving" | "captured";

const kFirstWaitMs = 500;
const kLongestWaitMs = 15_000;

export type Line = "connecting" | "open" | "lost";

type Listener = { topics: readonly Topic[]; run: () => void };

const listeners = new Set<Listener>();
const news = $state<{ line: Line; beat: unknown }>({ line: "connecting", beat: undefined });
let stop: AbortController | undefined;

/** How the line to the server stands. */
export function line(): Line {
  return news.line;
}

/** Calls `run` when something of these topics has changed; returns what ends that. */
export function onNews(topics: readonly Topic[], run: () => void): () => void {
  const listener = { topics, run };
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(changed: readonly Topic[]): void {
  for (const listener of [...listeners]) {
    if (listener.topics.some((topic) => changed.includes(topic))) {
      listener.run();
    }
  }
}

function take(name: string, data: string): void {
  if (name === "changed") {
    const body = JSON.parse(data) as { topics: Topic[] };
    tell(body.topics);
  }
}

async function listen(signal: AbortSignal): Promise<void> {
  const response = await send("/v1/events", { signal, headers: { Accept: "text/event-stream" } }, null);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) {
    return;
  }
  news.line = "open";
  const parser = new EventParser();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    for (const event of parser.feed(value)) {
      take(event.name, event.data);
    }
  }
}

/** Listens until closeNews(). */
export function openNews(): void {
  closeNews();
  const running = new AbortController();
  stop = running;
  void (async () => {
    let wait = kFirstWaitMs;
    while (!running.signal.aborted) {
      const begun = Date.now();
      try {
        await listen(running.signal);
      } catch {
        // said by `line`
      }
      if (running.signal.aborted) {
        return;
      }
      news.line = "lost";
      wait = Date.now() - begun > kLongestWaitMs ? kFirstWaitMs : Math.min(wait * 2, kLongestWaitMs);
      await new Promise((done) => setTimeout(done, wait * (0.5 + Math.random() / 2)));
    }
  })();
}

export function closeNews(): void {
  stop?.abort();
  stop = undefined;
}
