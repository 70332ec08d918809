// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import type { Dataset, Run } from "./api";
import { accuracyOf, chosenOf, judgedOn, searchesOf, settingColumns, sorted, whyChosen } from "./runs";

function run(values: Partial<Run>): Run {
  return {
    id: `${values.kind ?? "trial"}-${values.trial ?? 0}`, turn: "t", kind: "trial", dataset: "d", engine: "linear", settings: {}, seed: 1, trial: 0, rung: 0,
    loss: 1, metrics: {}, cpu_seconds: 0.5, peak_rss_bytes: 0, error: "", created: "2021-01-01T00:00:00Z", ...values,
  };
}

const defaults = run({ trial: 0, rung: 1, loss: 1.148, settings: { rate: 0.05, strength: 20, digits: false } });
const other = run({ trial: 2, rung: 1, loss: 1.067, settings: { rate: 0.02, strength: 75, digits: false } });
const early = run({ trial: 1, rung: 0, loss: 0.9, settings: { rate: 0.05, strength: 3, digits: false } });
const final = (settings: Run["settings"]) =>
  run({ kind: "final", loss: 1.2, settings, peak_rss_bytes: 36_000_000, metrics: { train_rows: 400, valid_rows: 0, valid_accuracy: 0.5 } });

const searchOf = (...runs: Run[]) => searchesOf(runs).get("t")!;

describe("the fits of a turn", () => {
  it("stand together, with what they cost", () => {
    const searches = searchesOf([other, defaults, final(other.settings), run({ turn: null })]);
    expect([...searches.keys()]).toEqual(["t", ""]);
    expect(searches.get("t")).toMatchObject({ cpu_seconds: 1.5, peak_rss_bytes: 36_000_000 });
    expect(searches.get("t")?.trials.map((one) => one.trial)).toEqual([0, 2]);
  });

  it("show first what differs", () => {
    expect(settingColumns([defaults, other]).map((one) => `${one.name} ${one.differs}`)).toEqual(["rate true", "strength true", "digits false"]);
    expect(settingColumns([run({ settings: { a: 1 } }), run({})])).toEqual([{ name: "a", differs: true }]);
    expect(settingColumns([])).toEqual([]);
  });

  it("are sorted either way, what is not known last", () => {
    const failed = run({ trial: 3, loss: null, settings: { rate: "x" } });
    const order = (by: string, falling: boolean) => sorted([defaults, failed, other], { by, falling }).map((one) => one.trial);
    expect(order("loss", false)).toEqual([2, 0, 3]);
    expect(order("loss", true)).toEqual([0, 2, 3]);
    expect(order("trial", true)).toEqual([3, 2, 0]);
    expect(order(":strength", false)).toEqual([0, 2, 3]);
    expect(order(":rate", false)).toEqual([2, 0, 3]);
  });
});

describe("what the search chose", () => {
  it("is the trial whose settings were fitted in the end", () => {
    expect(chosenOf(searchOf(defaults, other, final({ ...other.settings })))?.trial).toBe(2);
    expect(chosenOf(searchOf(defaults))).toBeUndefined();
  });

  it("is explained by the defaults' loss", () => {
    expect(whyChosen(searchOf(defaults, early, other, final(other.settings)))).toMatchObject({ kind: "better", trial: 2, loss: 1.067, defaults: 1.148 });
    // Trial 1 is lower still, but had a part of the effort only.
    expect(whyChosen(searchOf(defaults, early, final(defaults.settings)))).toEqual({ kind: "defaults", loss: 1.148 });
    const close = { ...other, loss: 1.13 };
    expect(whyChosen(searchOf(defaults, close, final(defaults.settings)))).toMatchObject({ kind: "too_close", trial: 2, loss: 1.13 });
  });

  it("may not be known", () => {
    expect(whyChosen(searchOf(final({})))).toEqual({ kind: "no_search" });
    expect(whyChosen(searchOf(defaults))).toEqual({ kind: "no_final" });
    expect(whyChosen(searchOf(defaults, final({ rate: 9 })))).toEqual({ kind: "unknown", trial: null });
    expect(whyChosen(searchOf({ ...defaults, loss: null }, final(defaults.settings)))).toEqual({ kind: "unknown", trial: 0 });
  });
});

describe("an accuracy", () => {
  const datasets = new Map<string, Dataset>([["d", { id: "d", counts: { valid: { a: 52, b: 65 }, train: { a: 9 } } }]]);

  it("has the rows that it was judged on", () => {
    expect(judgedOn(defaults, datasets)).toEqual({ n: 117, out_of_fold: false });
    expect(judgedOn(final({}), datasets)).toEqual({ n: 400, out_of_fold: true });
    expect(accuracyOf(run({ metrics: { valid_accuracy: 0.5 } }), datasets)).toMatchObject({ value: 0.5, n: 117 });
    expect(accuracyOf(run({ metrics: { valid_accuracy: 0.5 } }), new Map())).toBeNull();
    expect(accuracyOf(run({}), datasets)).toBeNull();
  });
});
