// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { columnsOf, csvOf, namesOfDays } from "./series";

describe("a chart's table", () => {
  const data = {
    times: [Date.UTC(2019, 0, 1), Date.UTC(2019, 1, 1)],
    series: [{ name: 'accuracy, "audited"', values: [0.7, null], lower: [0.6, null], upper: [0.8, null], n: [40, 0] }],
  };

  it("has every number of the chart", () => {
    expect(columnsOf(data, "time").map((column) => column.name)).toEqual([
      "time", 'accuracy, "audited"', 'accuracy, "audited", lower', 'accuracy, "audited", upper', 'accuracy, "audited", n',
    ]);
  });

  it("is a CSV that a spreadsheet reads as text and numbers", () => {
    expect(csvOf(columnsOf(data, "time"))).toBe(
      "\uFEFFtime,\"accuracy, \"\"audited\"\"\",\"accuracy, \"\"audited\"\", lower\",\"accuracy, \"\"audited\"\", upper\",\"accuracy, \"\"audited\"\", n\"\r\n" +
        "2019-01-01T00:00:00.000Z,0.7,0.6,0.8,40\r\n2019-02-01T00:00:00.000Z,,,,0\r\n",
    );
    expect(csvOf([{ name: "text", cells: ["=1+1", "-3", -3] }])).toBe("\uFEFFtext\r\n'=1+1\r\n'-3\r\n-3\r\n");
  });
});

describe("an axis of time", () => {
  it("has months and days in the language that is spoken", () => {
    const [en, ko] = [namesOfDays("en"), namesOfDays("ko")];
    expect([en.MMM[1], en.MMMM[11], en.WWW[0], en.WWWW[6]]).toEqual(["Feb", "December", "Sun", "Saturday"]);
    expect([ko.MMM[1], ko.WWW[0], ko.WWWW[6]]).toEqual(["2월", "일", "토요일"]);
  });
});
