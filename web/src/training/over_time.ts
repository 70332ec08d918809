// SPDX-License-Identifier: Apache-2.0
// What the fits of each turn found and cost, over time, as a chart shows it.
import type { ChartData } from "../charts/series";
import type { Turn } from "./api";
import type { Search } from "./runs";

export interface OverTime {
  loss: ChartData;
  cost: ChartData;
  memory: ChartData;
}

/** Turns come newest first; those that trained nothing have no point, and of two at one moment the newer one stands. */
export function overTime(turns: readonly Turn[], searches: ReadonlyMap<string, Search>, words: Record<"final" | "best" | "cpu" | "memory", string>): OverTime {
  const byTime = new Map<number, Search>();
  for (const turn of turns.toReversed()) {
    const search = searches.get(turn.id);
    if (search) {
      byTime.set(Date.parse(turn.window_end), search);
    }
  }
  const rising = [...byTime.entries()].sort(([a], [b]) => a - b);
  const times = rising.map(([time]) => time);
  const of = (pick: (search: Search) => number | null | undefined) => rising.map(([, search]) => pick(search) ?? null);
  const best = (search: Search) => {
    const losses = search.trials.map((trial) => trial.loss).filter((loss) => loss != null);
    return losses.length > 0 ? Math.min(...losses) : null;
  };
  return {
    loss: {
      times,
      series: [
        { name: words.final, values: of((search) => search.final?.loss) },
        { name: words.best, values: of(best) },
      ],
    },
    cost: { times, series: [{ name: words.cpu, values: of((search) => search.cpu_seconds) }] },
    memory: { times, series: [{ name: words.memory, values: of((search) => (search.peak_rss_bytes > 0 ? search.peak_rss_bytes / 1e6 : null)) }] },
  };
}
