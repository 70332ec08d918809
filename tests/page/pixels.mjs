// SPDX-License-Identifier: Apache-2.0
// Pictures as pixels: small ones with a palette to keep, and how far two are apart.
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import zlib from "node:zlib";

const require = createRequire(path.join(path.dirname(fileURLToPath(import.meta.url)), "../../web/package.json"));
const { PNG } = require("pngjs");
const { default: pixelmatch } = await import(pathToFileURL(require.resolve("pixelmatch")));

/** How far a colour may be off, of 1, before a pixel differs: more than the palette takes away, less than an eye sees. */
const kThreshold = 0.1;
/** Of a picture of 1280 x 2400 these are fifteen pixels. */
export const kUnseen = 0.000005;

export const pixelsOf = (png) => PNG.sync.read(png);

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(zlib.crc32(body));
  return Buffer.concat([length, body, sum]);
}

const apart = (a, b) => ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2;

/** One colour after the other, each the one whose pixels are furthest off so far; then each colour becomes the nearest that was kept. */
function paletteOf({ data }, most) {
  const counts = new Map();
  for (let i = 0; i < data.length; i += 4) {
    const colour = (data[i] << 16) | (data[i + 1] << 8) | data[i + 2];
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const colours = [...counts].map(([colour, count]) => ({ colour, count, place: 0, off: Infinity })).sort((a, b) => b.count - a.count || a.colour - b.colour);
  const kept = [];
  for (let next = colours[0]; kept.length < most && next.off > 0; next = colours.reduce((most, one) => (one.count * one.off > most.count * most.off ? one : most))) {
    for (const one of colours) {
      const off = apart(one.colour, next.colour);
      if (off < one.off) {
        one.off = off;
        one.place = kept.length;
      }
    }
    kept.push(next.colour);
  }
  return { kept, places: new Map(colours.map(({ colour, place }) => [colour, place])) };
}

/** A PNG (ISO/IEC 15948) of so many colours at most, without filters, which suit flat areas least. */
function withColours(picture, most) {
  const { width, height, data } = picture;
  const { kept, places } = paletteOf(picture, most);
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; ++y) {
    for (let x = 0; x < width; ++x) {
      const i = (y * width + x) * 4;
      lines[y * (width + 1) + x + 1] = places.get((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8); // 8 bits each, of a palette
  const palette = Buffer.from(kept.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", head), chunk("PLTE", palette),
    chunk("IDAT", zlib.deflateSync(lines, { level: 9, memLevel: 9 })), chunk("IEND", Buffer.alloc(0)),
  ]);
}

/**
 * The share of pixels that differ, and a picture of them. What is only the smoothing of an edge does not count (pixelmatch's detection, after
 * Vyšniauskas 2009, with colours by Kotsarenko and Ramos 2010). Of two sizes all pixels differ.
 */
export function compare(expected, actual) {
  const [one, other] = [pixelsOf(expected), pixelsOf(actual)];
  const { width, height } = other;
  if (one.width !== width || one.height !== height) {
    return { share: 1, why: `${one.width} x ${one.height} became ${width} x ${height}`, difference: actual };
  }
  const difference = new PNG({ width, height });
  const pixels = pixelmatch(one.data, other.data, difference.data, width, height, { threshold: kThreshold, includeAA: false });
  return { share: pixels / (width * height), why: `${pixels} pixels`, difference: PNG.sync.write(difference) };
}

/** The smallest of its kind that cannot be told from the picture; undefined: none can. */
export function smallPng(png) {
  const picture = pixelsOf(png);
  for (const colours of [32, 48, 64, 96, 128, 256]) {
    const small = withColours(picture, colours);
    if (compare(small, png).share <= kUnseen) {
      return small;
    }
  }
  return undefined;
}
