// SPDX-License-Identifier: Apache-2.0
// The audited accuracy of each turn's window over time, as a chart shows it.
import { wilson } from "../base/statistics";
import type { ChartData } from "../charts/series";
import type { TurnRecord } from "./api";

export interface HistoryWords {
  audited: string;
  pooled: (turns: number) => string;
  released: (version: number) => string;
}

/** One turn asks few: so many together show where it goes. */
export const kPooled = 6;

/** Turns come newest first. A turn without an audited row has no point. */
export function accuracyOverTime(turns: readonly TurnRecord[], words: HistoryWords): ChartData {
  const rising = turns.filter((turn) => (turn.summary.audited?.n ?? 0) > 0).toReversed();
  const of = (pick: (turn: TurnRecord) => number | undefined) => rising.map((turn) => pick(turn) ?? null);
  // The samples of several turns are counted together; a point looks at its own turn and those before it only.
  const pooled = rising.map((_, at) => {
    const last = rising.slice(Math.max(0, at + 1 - kPooled), at + 1);
    const sum = (pick: "right" | "n") => last.reduce((all, turn) => all + (turn.summary.audited?.[pick] ?? 0), 0);
    return last.length === kPooled ? wilson(sum("right"), sum("n")) : null;
  });
  const series = [
    {
      name: words.audited,
      values: of((turn) => turn.summary.audited?.accuracy),
      lower: of((turn) => turn.summary.audited?.lower),
      upper: of((turn) => turn.summary.audited?.upper),
      n: of((turn) => turn.summary.audited?.n),
    },
  ];
  if (pooled.some((one) => one !== null)) {
    series.unshift({
      name: words.pooled(kPooled),
      values: pooled.map((one) => one?.value ?? null),
      lower: pooled.map((one) => one?.lower ?? null),
      upper: pooled.map((one) => one?.upper ?? null),
      n: pooled.map((one) => one?.n ?? null),
    });
  }
  return {
    times: rising.map((turn) => Date.parse(turn.window_end)),
    series,
    marks: rising
      .filter((turn) => turn.verdict === "promoted")
      .map((turn) => ({ time: Date.parse(turn.window_end), text: words.released(turn.summary.version ?? 0) })),
  };
}
