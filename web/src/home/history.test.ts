// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import type { TurnRecord } from "./api";
import { accuracyOverTime } from "./history";

function turn(number: number, right: number, n: number, verdict = "kept"): TurnRecord {
  const audited = { n, right, accuracy: n > 0 ? right / n : 0, lower: 0, upper: 1, missing: 0 };
  return { id: String(number), number, state: "done", verdict, window_begin: "", window_end: `2019-0${number}-01T00:00:00Z`, summary: { audited, version: number } };
}

const words = { audited: "audited", pooled: (n: number) => `${n} turns`, released: (n: number) => `version ${n}` };

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

  it("is empty for a new project", () => {
    expect(accuracyOverTime([], words)).toEqual({ times: [], series: [{ name: "audited", values: [], lower: [], upper: [], n: [] }], marks: [] });
  });
});
