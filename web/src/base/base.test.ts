// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { path, withParameters } from "./api";
import { Format } from "./format";
import { addressOf, parsePlace } from "./router.svelte";
import { uuidv7 } from "./uuid";

describe("addresses", () => {
  it("encode what people name", () => {
    expect(path`/v1/models/${"한국/뉴스 ?"}/tasks`).toBe("/v1/models/%ED%95%9C%EA%B5%AD%2F%EB%89%B4%EC%8A%A4%20%3F/tasks");
    expect(withParameters("/v1/turns", { limit: 3, model: undefined, actor: "a&b" })).toBe("/v1/turns?limit=3&actor=a%26b");
    expect(withParameters("/v1/turns", {})).toBe("/v1/turns");
  });

  it("of the page can be read back", () => {
    const place = parsePlace(addressOf("data", ["item", "a/b 한"], { from: "2019-03-01", empty: "" }));
    expect(place.view).toBe("data");
    expect(place.rest).toEqual(["item", "a/b 한"]);
    expect([...place.parameters]).toEqual([["from", "2019-03-01"]]);
    expect(parsePlace("")).toMatchObject({ view: "", rest: [] });
    expect(parsePlace("#/label")).toMatchObject({ view: "label", rest: [] });
    expect(parsePlace("#/%zz").view).toBe("%zz");
  });
});

describe("numbers", () => {
  const format = new Format("en");

  it("never stand without their interval and size", () => {
    expect(format.interval({ value: 0.711, lower: 0.698, upper: 0.724, n: 4012 })).toBe("71.1% (69.8% – 72.4%, n 4,012)");
  });

  it("have as many decimals as are asked for", () => {
    expect(format.fixed(12_345, 0)).toBe("12,345");
    expect(format.fixed(0.61, 3)).toBe("0.610");
    expect(format.fixed(1.25, 1, true)).toBe("+1.3");
    expect(format.fixed(-0.4, 1, true)).toBe("-0.4");
  });

  it.each(["en", "ko"])("are written as Intl writes them: %s", (language) => {
    const ours = new Format(language);
    const intl = (options: Intl.NumberFormatOptions, value: number) => new Intl.NumberFormat(language, options).format(value);
    const decimals = (n: number) => ({ minimumFractionDigits: n, maximumFractionDigits: n });
    let state = 1;
    const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    const values = [0, 1, 999, 1000, 999_999.4, 1e9, 0.5, 1e-9, 3e21, -1, -1234.5678, Number.NaN, Number.POSITIVE_INFINITY];
    for (const value of [...values, ...Array.from({ length: 500 }, () => (random() - 0.3) * 10 ** Math.floor(14 * random() - 5))]) {
      expect(ours.count(Math.round(value))).toBe(intl({ signDisplay: "negative" }, Math.round(value)));
      expect(ours.count(value)).toBe(intl({ signDisplay: "negative" }, value)); // nothing is not less than nothing
      expect(ours.decimal(value)).toBe(intl({ maximumSignificantDigits: 3 }, value));
      expect(ours.fixed(value, 2)).toBe(intl(decimals(2), value));
      expect(ours.fixed(value, 1, true)).toBe(intl({ ...decimals(1), signDisplay: "always" }, value));
      expect(ours.percent(value)).toBe(intl({ style: "percent", ...decimals(1) }, value));
      expect(ours.percent(value, 0)).toBe(intl({ style: "percent", ...decimals(0) }, value));
    }
  });

  it("have units that fit", () => {
    expect(format.milliseconds(0.0213)).toBe("21.3 µs");
    expect(format.milliseconds(2.5)).toBe("2.5 ms");
    expect(format.milliseconds(12_345)).toBe("12.3 s");
    expect(format.milliseconds(7_384_000)).toBe("2.1 hr");
    expect([0, 0.42, 45, 119, 120, 640, 7200, 172_800, 92_000_000].map((seconds) => format.duration(seconds))).toEqual(
      ["0 sec", "0.4 sec", "45 sec", "119 sec", "2 min", "11 min", "2 hr", "2 days", "1,065 days"],
    );
    expect([45, 640, 7200, 92_000_000].map((seconds) => new Format("ko").duration(seconds))).toEqual(["45초", "11분", "2시간", "1,065일"]);
    expect(format.bytes(0)).toBe("0 bytes");
    expect(format.bytes(1_234_567)).toBe("1.2 MB");
    expect(format.moment("2026-11-28T15:00:07.123Z")).toBe("2026-11-28 15:00:07");
  });
});

describe("a UUIDv7", () => {
  it("holds its time and is of its version", () => {
    const id = uuidv7(0x0192_3456_789a);
    expect(id).toMatch(/^01923456-789a-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuidv7()).not.toBe(uuidv7());
  });
});
