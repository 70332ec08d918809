// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";

import { extentsOf, paintDense, rgbOf, type View } from "./dense";
import { extremesOf, rangeOf } from "./range";

/** `points` over `width` pixels; a value of 1 is at the top of 100 pixels, 0 at their bottom. */
function viewOf(width: number, points: number): View {
  return { width, height: 100, from: 0, to: points - 1, x: (index) => ((index + 0.5) / points) * width, y: (value) => 100 * (1 - value), half: 1 };
}

const rowsOf = (pixels: Uint32Array, view: View, column: number) =>
  Array.from({ length: view.height }, (_, row) => row).filter((row) => pixels[row * view.width + column] !== 0);

describe("a series with more points than pixels", () => {
  it("keeps the extremes of each column, also of a single point", () => {
    const view = viewOf(10, 1000);
    const values = Array.from({ length: 1000 }, () => 0.5);
    values[437] = 1;
    values[438] = 0;
    const { top, bottom } = extentsOf(values, view);
    expect([top[4], bottom[4]]).toEqual([0, 100]);
    expect([top[5], bottom[5]]).toEqual([50, 50]);
  });

  it("is one line from column to column, also where there are fewer points", () => {
    const view = viewOf(100, 20);
    const { top, bottom } = extentsOf(Array.from({ length: 20 }, (_, i) => i / 19), view);
    for (let column = 3; column < 97; ++column) {
      expect(bottom[column]).toBeGreaterThanOrEqual((top[column - 1] ?? 0) - 1e-3);
      expect(top[column]).toBeLessThanOrEqual(bottom[column] ?? 0);
    }
  });

  it("has a gap where nothing is known", () => {
    const view = viewOf(10, 100);
    const { top, bottom } = extentsOf(Array.from({ length: 100 }, (_, i) => (i >= 30 && i < 60 ? null : 0.5)), view);
    expect((top[4] ?? 0) > (bottom[4] ?? 0)).toBe(true);
    expect(top[7]).toBe(50);
  });

  it("goes on to the edge from a point outside", () => {
    const view: View = { ...viewOf(10, 2), x: (index) => (index === 0 ? -5 : 15) };
    const { top, bottom } = extentsOf([0, 1], view);
    expect(bottom[0]).toBeCloseTo(75);
    expect(top[9]).toBeCloseTo(25);
  });
});

describe("its picture", () => {
  const flat = (value: number) => Array.from({ length: 100 }, () => value);
  const line = { values: flat(0.5), lower: flat(0.4), upper: flat(0.6), colour: [255, 0, 0] as const, dash: [] };

  it("has the interval below the line", () => {
    const view = viewOf(10, 100);
    const pixels = new Uint32Array(1000);
    paintDense(pixels, [line], view);
    expect(rowsOf(pixels, view, 5)).toEqual(Array.from({ length: 20 }, (_, i) => 40 + i));
    expect((pixels[45 * 10 + 5] ?? 0) >>> 24).toBe(Math.round(0.18 * 255));
    expect(pixels[50 * 10 + 5]).toBe(0xff0000ff);
  });

  it("lays intervals over each other, and forgets the picture before", () => {
    const view = viewOf(10, 100);
    const pixels = new Uint32Array(1000).fill(7);
    paintDense(pixels, [{ ...line, values: [] }, { ...line, values: [], colour: [0, 0, 255] }], view);
    expect(rowsOf(pixels, view, 5).length).toBe(20);
    const pixel = pixels[45 * 10 + 5] ?? 0;
    expect(pixel >>> 24).toBeCloseTo((1 - 0.82 ** 2) * 255, -0.5);
    expect((pixel >>> 16) & 255).toBeGreaterThan(pixel & 255);
  });

  it("leaves out what the dashes leave out, and nothing else", () => {
    const view = viewOf(22, 100);
    const pixels = new Uint32Array(2200);
    paintDense(pixels, [{ values: flat(0.5), colour: [1, 2, 3], dash: [7, 4] }], view);
    const seen = Array.from({ length: 22 }, (_, column) => rowsOf(pixels, view, column).length > 0);
    expect(seen).toEqual(Array.from({ length: 22 }, (_, column) => column % 11 < 7));
  });

  it("stays within its edges", () => {
    const view = viewOf(10, 100);
    const pixels = new Uint32Array(1000);
    paintDense(pixels, [{ ...line, values: flat(1.5), lower: flat(-3), upper: flat(4) }], view);
    expect(rowsOf(pixels, view, 0).length).toBe(100);
  });
});

it("colours are read as style sheets write them", () => {
  expect(rgbOf(" #0b6 ")).toEqual([0, 187, 102]);
  expect(rgbOf("#1f6FeB")).toEqual([31, 111, 235]);
  expect(rgbOf("rgb(1, 2, 3)")).toEqual([1, 2, 3]);
});

describe("the axis of values", () => {
  const series = [{ values: [1, null, 3], lower: [0, null, 2], upper: [2, null, 9] }, { values: [null, null, -1] }];

  it("holds every interval of the points that are seen", () => {
    const extremes = extremesOf(series, 3);
    expect(rangeOf(extremes, 0, 2)).toEqual([-1, 9]);
    expect(rangeOf(extremes, 0, 1)).toEqual([0, 2]);
    expect(rangeOf(extremes, 1, 1)).toBe(null);
  });
});
