// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";

import type { post } from "../base/api";
import type { ReviewItem } from "./api";
import { countsOf, pressOf, ReviewDesk } from "./review.svelte";

function item(name: string, labels: string[] = ["a", "b"]): ReviewItem {
  return {
    item: name, text: name, answers: labels.map((label) => ({ label, labels: null, blind: false })), majority: labels[0] ?? null, majority_labels: null, agreement: 0.5, likeliest: null, quality: null,
    suggestion: null, decided: null,
  };
}

const listOf = (...names: string[]) => ({ items: names.map((name) => item(name)), kind: "choice" as const, labels: ["a", "b"], waiting: names.length, decided: 0 });

function deskOf(fails: string[] = []): { desk: ReviewDesk; told: [string, Record<string, unknown>][] } {
  const told: [string, Record<string, unknown>][] = [];
  const tell = (async (address: string, body: Record<string, unknown>) => {
    told.push([address, body]);
    if (fails.shift()) {
      throw new Error("no");
    }
    return { answers: [{ label: "a", blind: false, actor: "kim" }, { label: "b", blind: true, actor: "lee" }] };
  }) as unknown as typeof post;
  return { desk: new ReviewDesk({ model: "m", tell, now: () => 1_000 }), told };
}

test("walks and stays within the list", () => {
  const { desk } = deskOf();
  desk.take(listOf("x", "y", "z"));
  desk.move(-1);
  expect(desk.current?.item).toBe("x");
  desk.move(1);
  desk.move(5);
  expect(desk.current?.item).toBe("z");
  desk.select("y");
  expect(desk.current?.item).toBe("y");
});

test("a decision shows who said what, stays in its place and can be taken back", async () => {
  const { desk, told } = deskOf();
  desk.take(listOf("x", "y"));
  expect(await desk.decide("boss", "b", "why")).toBe(true);
  expect(told[0]?.[0]).toBe("/v1/models/m/review");
  expect(told[0]?.[1]).toMatchObject({ item: "x", actor: "boss", label: "b", comment: "why" });
  expect(desk.items[0]?.decided?.label).toBe("b");
  expect(desk.items[0]?.answers[0]?.actor).toBe("kim");
  desk.take(listOf("y", "new"));
  expect(desk.items.map((one) => one.item)).toEqual(["x", "y", "new"]);
  desk.move(1);
  expect(await desk.undo("boss")).toBe(true);
  expect(told[1]?.[1]).toMatchObject({ action: "undo", target: told[0]?.[1].event_id });
  expect(desk.current).toEqual(item("x"));
  expect(await desk.undo("boss")).toBe(false);
});

test("several labels are decided as a list, also none of them", async () => {
  const { desk, told } = deskOf();
  desk.take(listOf("x"));
  await desk.decide("boss", ["a", "b"], "");
  expect(told[0]?.[1]).toMatchObject({ labels: ["a", "b"] });
  expect(told[0]?.[1]).not.toHaveProperty("label");
  expect(desk.current?.decided).toMatchObject({ label: "a; b", labels: ["a", "b"] });
  await desk.decide("boss", [], "");
  expect(told[1]?.[1]).toMatchObject({ labels: [] });
});

test("gold goes to its own address, and a refusal changes nothing", async () => {
  const { desk, told } = deskOf(["", "no"]);
  desk.take(listOf("x"));
  await desk.decide("boss", "a", "", true);
  expect(told[0]?.[0]).toBe("/v1/models/m/gold");
  expect(desk.current?.decided?.gold).toBe(true);
  expect(await desk.decide("boss", "b", "")).toBe(false);
  expect(desk.failure).toBe("no");
  expect(desk.current?.decided?.label).toBe("a");
});

test("what others decided goes, and the one in hand stays in hand", () => {
  const { desk } = deskOf();
  desk.take(listOf("x", "y", "z"));
  desk.select("y");
  desk.take(listOf("z", "y"));
  expect(desk.items.map((one) => one.item)).toEqual(["y", "z"]);
  expect(desk.current?.item).toBe("y");
  desk.take(listOf());
  expect(desk.current).toBeUndefined();
  desk.move(1);
  expect(desk.at).toBe(0);
});

test("counts answers by label, with names once they are told", () => {
  const one = item("x", ["b", "a", "b"]);
  expect(countsOf(one)).toEqual([{ label: "b", n: 2, actors: [] }, { label: "a", n: 1, actors: [] }]);
  one.answers[0]!.actor = "kim";
  expect(countsOf(one)[0]?.actors).toEqual(["kim"]);
});

test("keys are read by their place", () => {
  const pressed = (code: string, rest = {}) => ({ code, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, isComposing: false, keyCode: 0, repeat: false, ...rest });
  expect(pressOf(pressed("KeyJ"), 3)).toEqual({ does: "next" });
  expect(pressOf(pressed("KeyJ", { repeat: true }), 3)).toEqual({ does: "next" });
  expect(pressOf(pressed("KeyA", { repeat: true }), 3)).toBeUndefined();
  expect(pressOf(pressed("Digit3"), 3)).toEqual({ does: "choose", index: 2 });
  expect(pressOf(pressed("Numpad4"), 3)).toBeUndefined();
  expect(pressOf(pressed("Slash", { shiftKey: true }), 3)).toEqual({ does: "keys" });
  expect(pressOf(pressed("KeyU", { ctrlKey: true }), 3)).toBeUndefined();
  expect(pressOf(pressed("KeyG", { keyCode: 229 }), 3)).toBeUndefined();
});
