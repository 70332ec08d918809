// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { wilson } from "./statistics";

describe("Wilson's interval", () => {
  it("is the known one", () => {
    // Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3; 5 of 10 is in many textbooks.
    const rows: [number, number, number, number][] = [
      [5, 10, 0.2366, 0.7634],
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
      [29, 29, 0.8830, 1],
    ];
    for (const [hits, n, lower, upper] of rows) {
      const interval = wilson(hits, n);
      expect(interval?.lower, `${hits} of ${n}`).toBeCloseTo(lower, 4);
      expect(interval?.upper, `${hits} of ${n}`).toBeCloseTo(upper, 4);
      expect(interval).toMatchObject({ value: hits / n, n });
    }
  });

  it("is not there where nothing was counted", () => {
    expect(wilson(0, 0)).toBeNull();
    expect(wilson(NaN, NaN)).toBeNull();
  });
});
