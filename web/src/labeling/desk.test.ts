// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, it, vi } from "vitest";

import type { Answer, LabelEvent, Task } from "./api";
import { Desk } from "./desk.svelte";
import { MemoryStore } from "./outbox";

/** A server with tasks 0 to n - 1 that lends as the real one does: what one has on loan first. */
class Server {
  answers: Answer[] = [];
  past: LabelEvent[] = [];
  asked = 0;
  readonly #tasks: Task[];

  constructor(n: number) {
    this.#tasks = Array.from({ length: n }, (_, i) => task(i));
  }

  readonly ask = async (address: string, parameters: { count?: number } = {}): Promise<never> => {
    if (address.endsWith("label-events")) {
      return { events: this.past } as never;
    }
    this.asked += 1;
    const undone = new Set(this.answers.filter((one) => one.action === "undo").map((one) => one.target));
    const answered = new Set(this.answers.filter((one) => one.action !== "undo" && !undone.has(one.event_id)).map((one) => one.task_id));
    const open = this.#tasks.filter((one) => !answered.has(one.task_id));
    return { tasks: open.slice(0, parameters.count), left: open.length } as never;
  };

  readonly tell = async (_address: string, body: unknown): Promise<never> => {
    const { answers } = body as { answers: Answer[] };
    this.answers.push(...answers);
    return { results: answers.map((one) => ({ event_id: one.event_id, seq: 1, repeated: false })), accepted: answers.length, refused: 0 } as never;
  };
}

function task(i: number): Task {
  return { task_id: `t${i}`, turn: "1", text: `text ${i}`, kind: "choice", labels: ["cold", "warm"], suggestion: null, suggestion_state: "off" };
}

const desks: Desk[] = [];

async function deskOf(server: Server): Promise<Desk> {
  let now = 1_000_000;
  const desk = new Desk({ model: "m", actor: "kim", store: new MemoryStore(), ask: server.ask, tell: server.tell, now: () => (now += 1000) });
  desks.push(desk);
  await desk.refill();
  return desk;
}

afterEach(() => {
  desks.splice(0).forEach((desk) => desk.stop());
});

describe("the desk", () => {
  it("has twenty tasks at hand and asks again before they are gone", async () => {
    const server = new Server(100);
    const desk = await deskOf(server);
    expect(desk.tasks.length).toBe(20);
    expect(desk.left).toBe(100);
    for (let i = 0; i < 30; ++i) {
      expect(desk.task?.task_id).toBe(`t${i}`);
      desk.choose("cold");
      await vi.waitFor(() => expect(desk.tasks.length).toBeGreaterThanOrEqual(20));
    }
    await vi.waitFor(() => expect(server.answers.length).toBe(30));
    expect(server.answers.map((one) => one.task_id)).toEqual(Array.from({ length: 30 }, (_, i) => `t${i}`));
    expect(new Set(server.answers.map((one) => one.event_id)).size).toBe(30);
    expect(desk.answered).toBe(30);
  });

  it("never shows again what was answered and is still on its way", async () => {
    const server = new Server(25);
    const desk = await deskOf(server);
    const shown: string[] = [];
    while (desk.task) {
      shown.push(desk.task.task_id);
      desk.choose("warm");
      if (desk.tasks.length === 0) {
        await desk.refill();
      }
    }
    expect(new Set(shown).size).toBe(25);
    expect(shown.length).toBe(25);
  });

  it("undoes without limit and does again", async () => {
    const server = new Server(5);
    const desk = await deskOf(server);
    desk.choose("cold");
    desk.choose("warm");
    desk.skip("Not clear");
    expect(desk.task?.task_id).toBe("t3");
    expect(await desk.undo()).toBe(true);
    expect(await desk.undo()).toBe(true);
    expect(desk.task?.task_id).toBe("t1");
    expect(desk.redo()).toBe(true);
    expect(desk.task?.task_id).toBe("t2");
    expect(await desk.undo()).toBe(true);
    expect(await desk.undo()).toBe(true);
    expect(await desk.undo()).toBe(false);
    expect(desk.task?.task_id).toBe("t0");
    await vi.waitFor(() => expect(desk.unsent).toBe(0));
    expect(server.answers.map((one) => one.action)).toEqual(["answer", "answer", "skip", "undo", "undo", "undo", "undo", "undo"]);
    // The redo undoes the second undo.
    expect(server.answers[5]?.target).toBe(server.answers[4]?.event_id);
    expect(server.answers[6]?.target).toBe(server.answers[1]?.event_id);
  });

  it("forgets what could be done again once something else is answered", async () => {
    const desk = await deskOf(new Server(5));
    desk.choose("cold");
    await desk.undo();
    desk.choose("warm");
    expect(desk.redo()).toBe(false);
  });

  it("undoes answers of earlier sessions, the newest first", async () => {
    const server = new Server(3);
    const said = (id: string, more: Partial<LabelEvent> = {}): LabelEvent => ({
      event_id: id, seq: 1, actor: "kim", actor_kind: "human", action: "answer", label: "cold", reason: "", labels: null, item: "00", text: `old ${id}`,
      task_id: `old-${id}`, received: "2026-01-01T00:00:00Z", undone: false, target: null, ...more,
    });
    server.past = [said("c", { action: "flag" }), said("b"), said("x", { undone: true }), said("a")];
    const desk = await deskOf(server);
    expect(await desk.undo()).toBe(true);
    expect(desk.task?.text).toBe("old b");
    expect(await desk.undo()).toBe(true);
    expect(desk.task?.text).toBe("old a");
    expect(await desk.undo()).toBe(false);
  });

  it("ticks labels in their order, saves them as one answer, and shows them again after an undo", async () => {
    const server = new Server(3);
    const desk = await deskOf(server);
    desk.toggle("warm");
    desk.toggle("cold");
    expect(desk.chosen).toEqual(["cold", "warm"]);
    desk.save();
    expect(desk.task?.task_id).toBe("t1");
    expect(desk.chosen).toEqual([]);
    desk.toggle("warm");
    desk.toggle("warm");
    desk.save();
    await vi.waitFor(() => expect(server.answers.map((one) => one.labels)).toEqual([["cold", "warm"], []]));
    await desk.undo();
    expect(desk.chosen).toEqual([]);
    await desk.undo();
    expect(desk.chosen).toEqual(["cold", "warm"]);
    desk.redo();
    expect(desk.chosen).toEqual([]);
  });

  it("undoes several labels of an earlier session", async () => {
    const server = new Server(3);
    server.past = [{
      event_id: "a", seq: 1, actor: "kim", actor_kind: "human", action: "answer", label: "cold; warm", labels: ["cold", "warm"], reason: "", item: "00",
      text: "old", task_id: "old-a", received: "2026-01-01T00:00:00Z", undone: false, target: null,
    }];
    const desk = await deskOf(server);
    await desk.undo();
    expect(desk.task?.kind).toBe("choices");
    expect(desk.chosen).toEqual(["cold", "warm"]);
  });

  it("keeps the task in hand when it is flagged", async () => {
    const server = new Server(2);
    const desk = await deskOf(server);
    desk.flag("two sentences in one");
    expect(desk.task?.task_id).toBe("t0");
    await vi.waitFor(() => expect(server.answers[0]?.reason).toBe("two sentences in one"));
  });

  it("measures the time from when a task was shown", async () => {
    const desk = await deskOf(new Server(3));
    desk.shown();
    desk.choose("cold");
    expect(desk.pace).toBeGreaterThan(0);
  });

  it("does not ask again what was answered before a reload and is still on its way", async () => {
    const server = new Server(30);
    const store = new MemoryStore();
    const answer = (event_id: string, rest: Partial<Answer>): Answer => ({ event_id, actor: "kim", action: "answer", t_shown: 0, t_saved: 0, ...rest });
    await store.add(answer("a", { task_id: "t0", label: "cold" }));
    await store.add(answer("b", { task_id: "t1", label: "warm" }));
    await store.add(answer("c", { action: "undo", target: "b" }));
    await store.add(answer("d", { action: "skip", task_id: "t2", reason: "odd" }));
    await store.add(answer("e", { action: "undo", target: "d" }));
    await store.add(answer("f", { action: "undo", target: "e" }));
    await store.add(answer("g", { action: "flag", task_id: "t3", reason: "look" }));
    const lost = () => new Promise<never>(() => undefined); // the server never hears of them
    const desk = new Desk({ model: "m", actor: "kim", store, ask: server.ask, tell: lost });
    desks.push(desk);
    await desk.refill();
    expect(desk.tasks.slice(0, 3).map((one) => one.task_id)).toEqual(["t1", "t3", "t4"]);
  });
});
