// SPDX-License-Identifier: Apache-2.0
// How numbers of traffic are written. No screen.
import type { Format } from "../base/format";
import type { Spread } from "./flow";

/** Rows may be estimated, and then are no whole number. */
export function count(rows: number, format: Format): string {
  return format.count(Math.round(rows));
}

export function share(value: number | null, format: Format): string {
  return value === null ? "–" : format.percent(value);
}

function time(us: number, format: Format): string {
  return format.milliseconds(us / 1000);
}

/** "9 µs (8 µs – 70 µs)"; alone where all are the same. */
export function spread(of: Spread | null, format: Format): string {
  if (of === null) {
    return "–";
  }
  return of.least === of.most ? time(of.middle, format) : `${time(of.middle, format)} (${time(of.least, format)} – ${time(of.most, format)})`;
}
