// SPDX-License-Identifier: Apache-2.0
// The fits of a search side by side: which settings differ, which one was chosen and why, in what order. No screen.
import type { Interval } from "../base/format";
import { rateOf } from "../release/rate";
import type { Dataset, Run, Settings } from "./api";

/** The fits of one turn. */
export interface Search {
  trials: Run[];
  final: Run | undefined;
  cpu_seconds: number;
  /** Of the fits that measured it; 0 = none did. */
  peak_rss_bytes: number;
}

/** By turn; fits that no turn made stand under "". */
export function searchesOf(runs: readonly Run[]): Map<string, Search> {
  const searches = new Map<string, Search>();
  for (const run of runs) {
    const key = run.turn ?? "";
    const search = searches.get(key) ?? { trials: [], final: undefined, cpu_seconds: 0, peak_rss_bytes: 0 };
    searches.set(key, search);
    search.cpu_seconds += run.cpu_seconds;
    search.peak_rss_bytes = Math.max(search.peak_rss_bytes, run.peak_rss_bytes ?? 0);
    if (run.kind === "trial") {
      search.trials.push(run);
    } else {
      search.final ??= run; // they come newest first
    }
  }
  for (const search of searches.values()) {
    search.trials.sort((a, b) => a.trial - b.trial);
  }
  return searches;
}

/** A setting as it is compared and shown. */
export function settingText(value: unknown): string {
  return value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
}

export interface SettingColumn {
  name: string;
  /** Not the same in all of these fits. */
  differs: boolean;
}

/** All settings of these fits, those that differ first, each kind by name. */
export function settingColumns(runs: readonly Run[]): SettingColumn[] {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.settings)))].sort();
  const columns = names.map((name) => ({ name, differs: new Set(runs.map((run) => settingText(run.settings[name]))).size > 1 }));
  return [...columns.filter((one) => one.differs), ...columns.filter((one) => !one.differs)];
}

export function sameSettings(a: Settings, b: Settings): boolean {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((name) => settingText(a[name]) === settingText(b[name]));
}

/** The trial whose settings the final fit took. */
export function chosenOf(search: Search): Run | undefined {
  return search.final && search.trials.find((trial) => sameSettings(trial.settings, search.final?.settings ?? {}));
}

/** By how much another trial must beat the defaults (src/rooms/training/jobs.cpp, kBetterBy). */
export const kBetterBy = 0.03;

export type Why =
  /** No search: too few rows to compare on, or one trial only. */
  | { kind: "no_search" }
  | { kind: "no_final" }
  | { kind: "better"; trial: number; loss: number; defaults: number; by: number }
  | { kind: "too_close"; trial: number; loss: number; defaults: number; by: number }
  | { kind: "defaults"; loss: number }
  /** The numbers kept do not say. */
  | { kind: "unknown"; trial: number | null };

/** Why the search chose what it chose: it compares those that had all of the effort with the defaults (trial 0). */
export function whyChosen(search: Search): Why {
  if (search.trials.length === 0) {
    return search.final ? { kind: "no_search" } : { kind: "no_final" };
  }
  if (!search.final) {
    return { kind: "no_final" };
  }
  const chosen = chosenOf(search);
  const defaults = search.trials.find((trial) => trial.trial === 0);
  if (!chosen || chosen.loss == null || defaults?.loss == null) {
    return { kind: "unknown", trial: chosen?.trial ?? null };
  }
  if (chosen.trial !== 0) {
    return { kind: "better", trial: chosen.trial, loss: chosen.loss, defaults: defaults.loss, by: defaults.loss - chosen.loss };
  }
  const full = search.trials.filter((trial) => trial.trial !== 0 && trial.rung >= defaults.rung && trial.loss != null);
  const [rival] = full.toSorted((a, b) => (a.loss ?? 0) - (b.loss ?? 0));
  if (rival?.loss != null && rival.loss < defaults.loss) {
    return { kind: "too_close", trial: rival.trial, loss: rival.loss, defaults: defaults.loss, by: defaults.loss - rival.loss };
  }
  return { kind: "defaults", loss: defaults.loss };
}

/** Which rows a fit was judged on: those kept apart, or, of a final fit that learned from them too, out of fold. */
export function judgedOn(run: Run, datasets: ReadonlyMap<string, Dataset>): { n: number; out_of_fold: boolean } {
  if (run.kind === "final") {
    const valid = run.metrics.valid_rows ?? 0;
    return valid > 0 ? { n: valid, out_of_fold: false } : { n: run.metrics.train_rows ?? 0, out_of_fold: true };
  }
  const valid = datasets.get(run.dataset)?.counts["valid"] ?? {};
  return { n: Object.values(valid).reduce((sum, n) => sum + n, 0), out_of_fold: false };
}

/** Null when it, or the number of its rows, is not known. */
export function accuracyOf(run: Run, datasets: ReadonlyMap<string, Dataset>): Interval | null {
  const { n } = judgedOn(run, datasets);
  const accuracy = run.metrics.valid_accuracy;
  return accuracy == null || n === 0 ? null : rateOf(accuracy * n, n);
}

export interface Order {
  /** "trial", "loss", "accuracy", "cpu", "memory", or a setting as ":rate". */
  by: string;
  falling: boolean;
}

function keyOf(run: Run, by: string): number | string | null {
  switch (by) {
    case "trial":
      return run.trial;
    case "effort":
      return run.rung;
    case "loss":
      return run.loss;
    case "accuracy":
      return run.metrics.valid_accuracy ?? null;
    case "cpu":
      return run.cpu_seconds;
    case "memory":
      return run.peak_rss_bytes || null;
    default: {
      const value = run.settings[by.slice(1)];
      return typeof value === "number" ? value : value === undefined ? null : settingText(value);
    }
  }
}

/** What is not known stands last, whichever way the rest goes. */
export function sorted(runs: readonly Run[], order: Order): Run[] {
  const sign = order.falling ? -1 : 1;
  return runs.toSorted((a, b) => {
    const [x, y] = [keyOf(a, order.by), keyOf(b, order.by)];
    if (x === null || y === null) {
      return Number(x === null) - Number(y === null);
    }
    return sign * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y)));
  });
}
