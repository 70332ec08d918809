// SPDX-License-Identifier: Apache-2.0
// The audited accuracy of each turn's window over time, as a chart shows it: of what was served, and of what the first
// version would have said.
import type { Interval } from "../base/format";
import { wilson } from "../base/statistics";
import type { ChartData, Series } from "../charts/series";
import type { Audited, TurnRecord } from "./api";

export interface HistoryWords {
  audited: string;
  pooled: (turns: number) => string;
  never: (version: number) => string;
  never_pooled: (version: number, turns: number) => string;
  released: (version: number) => string;
}

/** One turn asks few: so many together show where it goes. */
export const kPooled = 6;

/** The samples of several turns counted together: a point looks at its own turn and those before it only. */
function pooled(name: string, samples: readonly (Audited | null)[]): Series | null {
  const points = samples.map((_, at) => {
    const last = samples.slice(Math.max(0, at + 1 - kPooled), at + 1).filter((one) => one !== null);
    const sum = (pick: "right" | "n") => last.reduce((all, one) => all + one[pick], 0);
    return last.length === kPooled ? wilson(sum("right"), sum("n")) : null;
  });
  return points.every((one) => one === null) ? null : seriesOf(name, points);
}

function seriesOf(name: string, points: readonly (Interval | null)[]): Series {
  return {
    name,
    values: points.map((one) => one?.value ?? null),
    lower: points.map((one) => one?.lower ?? null),
    upper: points.map((one) => one?.upper ?? null),
    n: points.map((one) => one?.n ?? null),
  };
}

const intervalOf = (sample: Audited | null): Interval | null => sample && { ...sample, value: sample.accuracy };

/** What never retraining would have given is shown once another version has been released: until then it is what was served. */
export function comparedWith(turns: readonly TurnRecord[]): number | null {
  const first = turns.find((turn) => turn.summary.never_retrained)?.summary.never_retrained?.version;
  return first !== undefined && turns.some((turn) => (turn.summary.version ?? first) !== first) ? first : null;
}

/** Turns come newest first. A turn without an audited row has no point. */
export function accuracyOverTime(turns: readonly TurnRecord[], words: HistoryWords): ChartData {
  const rising = turns.filter((turn) => (turn.summary.audited?.n ?? 0) > 0).toReversed();
  const served = rising.map((turn) => turn.summary.audited ?? null);
  const series = [pooled(words.pooled(kPooled), served), seriesOf(words.audited, served.map(intervalOf))];
  const first = comparedWith(rising);
  if (first !== null) {
    const never = rising.map((turn) => turn.summary.never_retrained ?? null);
    // Beside the pooled line one that is pooled alike; the single turns of both would hide each other.
    series.push(pooled(words.never_pooled(first, kPooled), never) ?? seriesOf(words.never(first), never.map(intervalOf)));
  }
  return {
    times: rising.map((turn) => Date.parse(turn.window_end)),
    series: series.filter((one) => one !== null),
    marks: rising
      .filter((turn) => turn.verdict === "promoted")
      .map((turn) => ({ time: Date.parse(turn.window_end), text: words.released(turn.summary.version ?? 0) })),
  };
}
