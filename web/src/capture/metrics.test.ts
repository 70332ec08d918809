// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { countOf, grown, histogramOf, parseMetrics, quantileOf, startedAnew, sumOf } from "./metrics";

const kPage = `# HELP fw_rows_total Rows answered.
# TYPE fw_rows_total counter
fw_rows_total{model="ne\\"ws\\\\,{}",version="1",route="stable"} 10
fw_rows_total{model="news",version="2",route="canary"} 2.5e1
fw_connections 1
fw_infer_seconds_bucket{model="news",route="stable",le="0.001"} 50
fw_infer_seconds_bucket{model="news",route="stable",le="0.01"} 98
fw_infer_seconds_bucket{model="news",route="stable",le="+Inf"} 100
fw_infer_seconds_bucket{model="news",route="shadow",le="0.001"} 0
fw_infer_seconds_bucket{model="news",route="shadow",le="0.01"} 0
fw_infer_seconds_bucket{model="news",route="shadow",le="+Inf"} 1000
no sample at all {
`;

describe("/metrics", () => {
  const reading = parseMetrics(kPage);

  it("is read with its labels, whatever stands in them", () => {
    expect(reading.get("fw_rows_total")).toEqual([
      { labels: { model: 'ne"ws\\,{}', version: "1", route: "stable" }, value: 10 },
      { labels: { model: "news", version: "2", route: "canary" }, value: 25 },
    ]);
    expect(sumOf(reading, "fw_rows_total")).toBe(35);
    expect(sumOf(reading, "fw_rows_total", (labels) => labels.route === "canary")).toBe(25);
    expect(sumOf(reading, "fw_connections")).toBe(1);
    expect(sumOf(reading, "nothing")).toBe(0);
    expect(reading.has("no")).toBe(false);
  });

  it("says of a quantile in which bucket it is", () => {
    const stable = histogramOf(null, reading, "fw_infer_seconds", (labels) => labels.route === "stable");
    expect(countOf(stable)).toBe(100);
    expect(quantileOf(stable, 0.5)).toEqual({ lower: 0, upper: 0.001 });
    expect(quantileOf(stable, 0.98)).toEqual({ lower: 0.001, upper: 0.01 });
    expect(quantileOf(stable, 0.99)).toEqual({ lower: 0.01, upper: Infinity });
    expect(quantileOf(histogramOf(null, reading, "nothing"), 0.5)).toBeNull();
  });

  it("says what grew, also of a version that was not there before", () => {
    const page = kPage.replace('le="0.01"} 98', 'le="0.01"} 108').replace('le="+Inf"} 100\n', 'le="+Inf"} 110\n');
    const later = parseMetrics(page + 'fw_rows_total{model="news",version="3",route="stable"} 7\n');
    expect(grown(reading, later, "fw_rows_total")).toBe(7);
    const between = histogramOf(reading, later, "fw_infer_seconds", (labels) => labels.route === "stable");
    expect([between.below, quantileOf(between, 0.99)]).toEqual([[0, 10, 10], { lower: 0.001, upper: 0.01 }]);
    expect(startedAnew(reading, later)).toBe(false);
    expect(startedAnew(later, reading)).toBe(true);
    expect(grown(later, reading, "fw_rows_total")).toBe(0);
  });
});
