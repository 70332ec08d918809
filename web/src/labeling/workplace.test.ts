// SPDX-License-Identifier: Apache-2.0
// @vitest-environment jsdom
import { flushSync } from "svelte";
import { afterEach, describe, expect, it, vi } from "vitest";

import { clear, press, show } from "../parts/stage.svelte";
import type { Answer, Task } from "./api";
import Choices from "./Choices.svelte";
import { Desk } from "./desk.svelte";
import { MemoryStore } from "./outbox";
import Workplace from "./Workplace.svelte";

const labels = ["cold", "warm", "hot"];
const desks: Desk[] = [];

afterEach(async () => {
  desks.splice(0).forEach((desk) => desk.stop());
  await clear();
});

function task(i: number, more: Partial<Task> = {}): Task {
  return { task_id: `t${i}`, turn: "1", text: `text ${i}`, kind: "choice", labels, suggestion: null, suggestion_state: "off", ...more };
}

/** A workplace whose server has these tasks and takes every answer. */
async function workplace(tasks: Task[], lasting = true) {
  const answers: Answer[] = [];
  const left = () => tasks.filter((one) => !answers.some((answer) => answer.task_id === one.task_id && answer.action !== "flag"));
  const desk = new Desk({
    model: "m", actor: "kim", store: new MemoryStore(),
    ask: async () => ({ tasks: left(), left: left().length, events: [], agreement: null, annotators: [], text: "" }) as never,
    tell: async (_, body) => {
      const given = (body as { answers: Answer[] }).answers;
      answers.push(...given);
      return { results: given.map((one) => ({ event_id: one.event_id, seq: 1, repeated: false })), accepted: given.length, refused: 0 } as never;
    },
  });
  desks.push(desk);
  vi.stubGlobal("fetch", () => new Promise(() => undefined)); // what stands beside the desk asks by itself
  await desk.refill();
  const page = show(Workplace, { desk, lasting, model: "m", actor: "kim" });
  const key = (code: string, more: KeyboardEventInit = {}, on?: EventTarget) => press(code.replace(/^(Key|Digit)/, "").toLowerCase(), { code, ...more }, on);
  return { page, desk, answers, key, task: () => page.node.querySelector<HTMLElement>("[data-task]")?.dataset.task };
}

describe("the workplace", () => {
  it("takes an answer by its digit and shows the next text at once", async () => {
    const { page, key, task: shown, answers } = await workplace([task(0), task(1), task(2)]);
    expect(page.text("[data-task]")).toBe("text 0");
    expect(key("Digit2")).toBe(true);
    expect(shown()).toBe("t1");
    key("Digit4"); // there are three labels
    expect(shown()).toBe("t1");
    await vi.waitFor(() => expect(answers.map((one) => [one.task_id, one.label])).toEqual([["t0", "warm"]]));
  });

  it("hears no key that the browser, an input method or a held finger has", async () => {
    const { key, task: shown } = await workplace([task(0), task(1)]);
    for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { isComposing: true }, { repeat: true }]) {
      expect(key("Digit1", more)).toBe(false);
    }
    const field = document.createElement("input");
    document.body.append(field);
    expect(key("Digit1", {}, field)).toBe(false);
    expect(shown()).toBe("t0");
  });

  it("asks why before it skips, and a digit says why", async () => {
    const { page, key, task: shown, answers } = await workplace([task(0), task(1)]);
    key("KeyS");
    const dialog = [...page.node.querySelectorAll("dialog")].find((one) => one.open);
    expect(dialog?.querySelectorAll("li").length).toBeGreaterThan(1);
    expect(shown()).toBe("t0");
    key("Digit2");
    expect(shown()).toBe("t1");
    expect(page.node.querySelectorAll("dialog[open]").length).toBe(0);
    await vi.waitFor(() => expect(answers.map((one) => [one.action, one.reason])).toEqual([["skip", "None of the labels fits"]]));
  });

  it("keeps the text in hand when it is flagged", async () => {
    const { page, key, task: shown, answers } = await workplace([task(0)]);
    key("KeyF");
    const field = page.find("dialog[open] input") as HTMLInputElement;
    field.value = "  odd  ";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    page.find("dialog[open] form").dispatchEvent(new SubmitEvent("submit", { cancelable: true, bubbles: true }));
    flushSync();
    expect(shown()).toBe("t0");
    await vi.waitFor(() => expect(answers.map((one) => [one.action, one.reason])).toEqual([["flag", "odd"]]));
  });

  it("takes back and gives again by u and Shift+u, and says when there is nothing", async () => {
    const { page, key, task: shown } = await workplace([task(0), task(1)]);
    key("Digit1");
    expect(shown()).toBe("t1");
    key("KeyU");
    await vi.waitFor(() => expect(shown()).toBe("t0"));
    key("KeyU", { shiftKey: true });
    expect(shown()).toBe("t1");
    key("KeyU", { shiftKey: true });
    expect(page.text(".said")).toBe("Nothing to do again.");
  });

  it("accepts a suggestion that is shown, and none that is not", async () => {
    const suggestion = { label: "hot", probability: 0.875 };
    const { page, key, task: shown, answers } = await workplace([task(0, { suggestion, suggestion_state: "shown" }), task(1)]);
    expect(page.text("article")).toContain("Suggested: hot");
    expect(page.text("button.suggested")).toContain("hot");
    key("KeyA");
    expect(shown()).toBe("t1");
    key("KeyA");
    expect(shown()).toBe("t1");
    await vi.waitFor(() => expect(answers.map((one) => one.label)).toEqual(["hot"]));
  });

  it("says when nothing is left, and that unsent answers would be lost where the browser keeps none", async () => {
    const { page } = await workplace([]);
    expect(page.text("[role=status] .title")).toBe("Nothing to label just now.");
    const { page: other, desk } = await workplace([task(0)], false);
    desk.unsent = 2;
    flushSync();
    expect(other.texts("[role=status]").some((text) => text.includes("2 answers not sent yet"))).toBe(true);
    expect(other.node.querySelector(".notice.warn")).not.toBeNull();
  });
});

describe("the labels to choose from", () => {
  it("have keys 1 to 9, then letters that no action has", () => {
    const many = Array.from({ length: 12 }, (_, i) => `label ${i}`);
    const page = show(Choices, { labels: many, suggested: undefined, onchoose: vi.fn() });
    expect(page.texts("kbd")).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9", "b", "d", "e"]);
  });

  it("are found by a part of their name, however it is composed, and Enter takes the first", () => {
    const onchoose = vi.fn();
    const page = show(Choices, { labels: ["Économie", "정치", "Sports"], suggested: undefined, onchoose, search: true });
    const field = page.find("input") as HTMLInputElement;
    field.value = "ÉCO".normalize("NFD");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    flushSync();
    expect(page.texts("button")).toEqual(["Économie"]);
    page.find("form").dispatchEvent(new SubmitEvent("submit", { cancelable: true }));
    expect(onchoose.mock.calls).toEqual([["Économie"]]);
  });
});
