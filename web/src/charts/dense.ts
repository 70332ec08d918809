// SPDX-License-Identifier: Apache-2.0
// Series with more points than the screen has columns of pixels, drawn column by column: of each column the extremes of the
// line and of its interval, so no peak is lost however many points fall together. A canvas would stroke thousands of
// tiny segments with joins and dashes for the same picture, ten times as slowly. No screen: pixels in memory.

export type Values = readonly (number | null)[];

export interface Line {
  values: Values;
  lower?: Values | undefined;
  upper?: Values | undefined;
  /** 0 to 255. */
  colour: readonly [number, number, number];
  /** On, off, ... in pixels along the time; [] = without gaps. */
  dash: readonly number[];
}

/** The part that is looked at, in pixels from the upper left corner of what is drawn. */
export interface View {
  width: number;
  height: number;
  /** Points `from` to `to`, both included; those just outside of the picture, too, so that lines go on to its edge. */
  from: number;
  to: number;
  /** Of every point in this part. */
  x: (index: number) => number;
  y: (value: number) => number;
  /** Half of a line's width. */
  half: number;
}

/** As in the picture's columns: `top` is above `bottom`, so it is the smaller one; where nothing is, it is not. */
export interface Extents {
  top: Float32Array;
  bottom: Float32Array;
}

/** How much of its colour an interval has. */
export const kBandShare = 0.18;

/** What a line through the values covers in each column. It has a gap where a value is not known. */
export function extentsOf(values: Values, view: View): Extents {
  const top = new Float32Array(view.width).fill(Infinity);
  const bottom = new Float32Array(view.width).fill(-Infinity);
  const cover = (column: number, a: number, b: number) => {
    if (column >= 0 && column < view.width) {
      top[column] = Math.min(top[column] ?? a, a, b);
      bottom[column] = Math.max(bottom[column] ?? a, a, b);
    }
  };
  let known = false;
  let x0 = 0;
  let y0 = 0;
  for (let i = view.from; i <= view.to; ++i) {
    const value = values[i];
    if (value == null) {
      known = false;
      continue;
    }
    const x = view.x(i);
    const y = view.y(value);
    cover(Math.floor(x), y, y);
    if (known && x > x0) {
      const slope = (y - y0) / (x - x0);
      const first = Math.max(0, Math.floor(x0));
      const last = Math.min(view.width - 1, Math.floor(x));
      for (let column = first; column <= last; ++column) {
        cover(column, y0 + slope * (Math.max(x0, column) - x0), y0 + slope * (Math.min(x, column + 1) - x0));
      }
    }
    known = true;
    x0 = x;
    y0 = y;
  }
  return { top, bottom };
}

/** "#rgb", "#rrggbb" or "rgb(r, g, b)" as numbers; black when it is none of these. */
export function rgbOf(colour: string): [number, number, number] {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(colour.trim())?.[1];
  if (hex !== undefined) {
    const wide = hex.length === 3 ? [...hex].map((digit) => digit + digit).join("") : hex;
    return [0, 2, 4].map((at) => Number.parseInt(wide.slice(at, at + 2), 16)) as [number, number, number];
  }
  const numbers = /^rgba?\(([^)]*)\)$/.exec(colour.trim())?.[1]?.split(/[\s,/]+/).map(Number) ?? [];
  return [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0];
}

/** A pixel as it stands in memory: red, green, blue, alpha, each one byte, the first lowest. */
function pixelOf(red: number, green: number, blue: number, alpha: number): number {
  return ((Math.round(alpha * 255) << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;
}

/** `colour` with `share` laid over a pixel (Porter, Duff 1984: source over; colours are not multiplied by alpha). */
function over(below: number, [red, green, blue]: Line["colour"], share: number): number {
  const under = ((below >>> 24) / 255) * (1 - share);
  const alpha = share + under;
  const mix = (mine: number, shift: number) => (mine * share + ((below >>> shift) & 255) * under) / alpha;
  return alpha <= 0 ? 0 : pixelOf(mix(red, 0), mix(green, 8), mix(blue, 16), alpha);
}

/** Where the dashes let the line be seen, by column. */
function shownBy(dash: readonly number[]): (column: number) => boolean {
  const period = dash.reduce((sum, part) => sum + part, 0);
  if (period <= 0) {
    return () => true;
  }
  return (column) => {
    let left = column % period;
    for (let i = 0; i < dash.length; ++i) {
      left -= dash[i] ?? 0;
      if (left < 0) {
        return i % 2 === 0;
      }
    }
    return true;
  };
}

/** One column of an interval, over what is there. Pixels below each other are mostly the same, so each kind is mixed once. */
function paintBand(pixels: Uint32Array, view: View, column: number, colour: Line["colour"], top: number, bottom: number): void {
  const begin = Math.max(0, Math.round(top));
  const end = Math.min(view.height, Math.round(bottom));
  let below = -1;
  let mixed = 0;
  for (let row = begin, at = begin * view.width + column; row < end; ++row, at += view.width) {
    const pixel = pixels[at] ?? 0;
    if (pixel !== below) {
      below = pixel;
      mixed = over(pixel, colour, kBandShare);
    }
    pixels[at] = mixed;
  }
}

/** One column of a line, with soft ends. */
function paintLine(pixels: Uint32Array, view: View, column: number, line: Line, top: number, bottom: number): void {
  const solid = pixelOf(line.colour[0], line.colour[1], line.colour[2], 1);
  const begin = Math.max(0, Math.floor(top));
  const end = Math.min(view.height, Math.ceil(bottom));
  for (let row = begin, at = begin * view.width + column; row < end; ++row, at += view.width) {
    const share = Math.min(bottom, row + 1) - Math.max(top, row);
    pixels[at] = share >= 1 ? solid : over(pixels[at] ?? 0, line.colour, share);
  }
}

/** Fills the picture: intervals below, lines above, the later ones over the earlier. `pixels` has width times height. */
export function paintDense(pixels: Uint32Array, lines: readonly Line[], view: View): void {
  pixels.fill(0);
  for (const line of lines) {
    if (line.lower && line.upper) {
      const { top } = extentsOf(line.upper, view);
      const { bottom } = extentsOf(line.lower, view);
      for (let column = 0; column < view.width; ++column) {
        paintBand(pixels, view, column, line.colour, top[column] ?? Infinity, bottom[column] ?? -Infinity);
      }
    }
  }
  for (const line of lines) {
    const { top, bottom } = extentsOf(line.values, view);
    const shown = shownBy(line.dash);
    for (let column = 0; column < view.width; ++column) {
      const begin = top[column] ?? Infinity;
      const end = bottom[column] ?? -Infinity;
      if (begin <= end && shown(column)) {
        paintLine(pixels, view, column, line, begin - view.half, end + view.half);
      }
    }
  }
}
