// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import type { TurnRecord } from "./api";
import { accuracyOverTime } from "./history";

const audited = (right: number, n: number) => ({ n, right, accuracy: n > 0 ? right / n : 0, lower: 0, upper: 1, missing: 0 });

function turn(number: number, right: number, n: number, verdict = "kept"): TurnRecord {
  const window_end = `2019-0${number}-01T00:00:00Z`;
  return { id: String(number), number, state: "done", verdict, window_begin: "", window_end, summary: { audited: audited(right, n), version: number } };
}

/** As `turn`, and the first version would have had `never` of the same rows. */
function compared(number: number, right: number, n: number, never: number, version = number): TurnRecord {
  const one = turn(number, right, n);
  return { ...one, summary: { ...one.summary, version, never_retrained: { ...audited(never, n), version: 1 } } };
}

const words = {
  audited: "audited",
  pooled: (n: number) => `${n} turns`,
  never: (version: number) => `never since ${version}`,
  never_pooled: (version: number, n: number) => `never since ${version}, ${n} turns`,
  released: (n: number) => `version ${n}`,
};

describe("accuracy over time", () => {
  it("rises in time and leaves out turns nobody audited", () => {
    const data = accuracyOverTime([turn(3, 8, 10, "promoted"), turn(2, 0, 0), turn(1, 5, 10)], words);
    expect(data.times).toEqual([Date.UTC(2019, 0, 1), Date.UTC(2019, 2, 1)]);
    expect(data.series.map((series) => series.name)).toEqual(["audited"]);
    expect(data.series[0]?.values).toEqual([0.5, 0.8]);
    expect(data.marks).toEqual([{ time: Date.UTC(2019, 2, 1), text: "version 3" }]);
  });

  it("counts six turns together once there are six, looking back only", () => {
    const data = accuracyOverTime([7, 6, 5, 4, 3, 2, 1].map((number) => turn(number, number, 10)), words);
    expect(data.series[0]?.name).toBe("6 turns");
    expect(data.series[0]?.values).toEqual([null, null, null, null, null, 21 / 60, 27 / 60]);
    expect(data.series[0]?.n?.[6]).toBe(60);
  });

  it("stands beside what the first version would have had of the same rows", () => {
    const data = accuracyOverTime([compared(3, 8, 10, 4), turn(2, 6, 10), compared(1, 5, 10, 5)], words);
    expect(data.series.map((series) => series.name)).toEqual(["audited", "never since 1"]);
    expect(data.series[1]?.values).toEqual([0.5, null, 0.4]);
    expect(data.series[1]?.n).toEqual([10, null, 10]);
  });

  it("counts turns together on both sides alike", () => {
    const data = accuracyOverTime([7, 6, 5, 4, 3, 2, 1].map((number) => compared(number, 8, 10, number)), words);
    expect(data.series.map((series) => series.name)).toEqual(["6 turns", "audited", "never since 1, 6 turns"]);
    expect(data.series[2]?.values).toEqual([null, null, null, null, null, 21 / 60, 27 / 60]);
    expect(data.series[2]?.n?.[6]).toBe(60);
  });

  it("says nothing of never retraining while the first version is all there is", () => {
    const data = accuracyOverTime([compared(2, 8, 10, 8, 1), compared(1, 5, 10, 5, 1)], words);
    expect(data.series.map((series) => series.name)).toEqual(["audited"]);
  });

  it("is empty for a new project", () => {
    expect(accuracyOverTime([], words)).toEqual({ times: [], series: [{ name: "audited", values: [], lower: [], upper: [], n: [] }], marks: [] });
  });
});
