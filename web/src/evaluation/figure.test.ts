// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { Format } from "../base/format";
import { written } from "../charts/figure";
import { columnsOfStrips } from "./figure";

describe("a figure's table", () => {
  it("has each interval in full", () => {
    const interval = { value: 0.5, lower: 0.25, upper: 0.75, n: 1234 };
    const columns = columnsOfStrips([{ name: "a", intervals: [interval, null] }], { name: "class", series: ["x", "y"], lower: "low", upper: "high" });
    expect(columns.map((column) => [column.name, column.cells[0]])).toEqual([
      ["class", "a"], ["x", 0.5], ["x, low", 0.25], ["x, high", 0.75], ["x, n", 1234], ["y", null], ["y, low", null], ["y, high", null], ["y, n", null],
    ]);
    const format = new Format("en");
    const cells = columns.map((column) => written(column.cells[0] ?? null, column.kind, format, String));
    expect(cells).toEqual(["a", "50.0%", "25.0%", "75.0%", "1,234", "–", "–", "–", "–"]);
  });
});
