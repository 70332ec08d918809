// SPDX-License-Identifier: Apache-2.0
// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from "vitest";

import { ApiError } from "../base/api";
import type { Answer, Receipts } from "./api";
import { MemoryStore, Outbox, type OutboxWishes } from "./outbox";

function answer(id: string): Answer {
  return { event_id: id, actor: "kim", action: "answer", task_id: `t-${id}`, label: "cold", t_shown: 1, t_saved: 2 };
}

function taken(answers: Answer[]): Receipts {
  return { results: answers.map((one, i) => ({ event_id: one.event_id, seq: i, repeated: false })), accepted: answers.length, refused: 0 };
}

/** An outbox whose server does what `post` says; notes all that it tells. */
function outbox(post: (answers: Answer[]) => Promise<Receipts>, store = new MemoryStore()) {
  const told = { sent: [] as string[], refused: [] as string[], waiting: [] as number[] };
  const wishes: OutboxWishes = {
    store,
    post,
    onCount: (waiting) => told.waiting.push(waiting),
    onSent: (answers) => told.sent.push(...answers.map((one) => one.event_id)),
    onRefused: (one, why) => told.refused.push(`${one.event_id}: ${why}`),
  };
  return { box: new Outbox(wishes), told, store };
}

afterEach(() => void vi.useRealTimers());

describe("the outbox", () => {
  it("sends answers in the order in which they were given", async () => {
    const posted: string[] = [];
    const { box, told } = outbox(async (answers) => {
      posted.push(...answers.map((one) => one.event_id));
      return taken(answers);
    });
    await Promise.all(["a", "b", "c", "d"].map((id) => box.add(answer(id))));
    await vi.waitFor(() => expect(told.sent).toEqual(["a", "b", "c", "d"]));
    expect(posted).toEqual(["a", "b", "c", "d"]);
    expect(told.waiting.at(-1)).toBe(0);
  });

  it("keeps them while there is no line, and sends each once it is back", async () => {
    vi.useFakeTimers();
    let online = false;
    const { box, told, store } = outbox(async (answers) => {
      if (!online) {
        throw new ApiError(0, "Failed to fetch");
      }
      return taken(answers);
    });
    await box.add(answer("a"));
    await vi.advanceTimersByTimeAsync(60_000);
    await box.add(answer("b"));
    expect(await store.count()).toBe(2);
    expect(told.sent).toEqual([]);
    online = true;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told.sent).toEqual(["a", "b"]);
    expect(await store.count()).toBe(0);
  });

  it("hurries when the browser says that it is online", async () => {
    vi.useFakeTimers();
    let online = false;
    const { box, told } = outbox(async (answers) => {
      if (!online) {
        throw new ApiError(503, "The ledger is busy");
      }
      return taken(answers);
    });
    await box.add(answer("a"));
    await vi.advanceTimersByTimeAsync(30_000);
    online = true;
    window.dispatchEvent(new Event("online"));
    await vi.advanceTimersByTimeAsync(1);
    expect(told.sent).toEqual(["a"]);
    box.stop();
  });

  it("tells which answers were refused and keeps the rest", async () => {
    const { box, told } = outbox(async (answers) => ({
      ...taken(answers),
      results: answers.map((one) => (one.event_id === "b" ? { error: "No such label: 'mild'", status: 400 } : { event_id: one.event_id, seq: 1, repeated: false })),
    }));
    await Promise.all(["a", "b", "c"].map((id) => box.add(answer(id))));
    await vi.waitFor(() => expect(told.sent).toEqual(["a", "c"]));
    expect(told.refused).toEqual(["b: No such label: 'mild'"]);
  });

  it("lets nothing pass one that the server could not take just now", async () => {
    vi.useFakeTimers();
    let failing = true;
    const { box, told } = outbox(async (answers) => ({
      ...taken(answers),
      results: answers.map((one) => (one.event_id === "b" && failing ? { error: "The disk is full", status: 503 } : { event_id: one.event_id, seq: 1, repeated: false })),
    }));
    await box.add(answer("a"));
    await box.add(answer("b"));
    await box.add(answer("c"));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told.sent).toEqual(["a"]);
    failing = false;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told.sent).toEqual(["a", "b", "c"]);
  });

  it("begins with what an earlier page left", async () => {
    const store = new MemoryStore();
    await store.add(answer("old"));
    const { told } = outbox(async (answers) => taken(answers), store);
    await vi.waitFor(() => expect(told.sent).toEqual(["old"]));
  });
});
