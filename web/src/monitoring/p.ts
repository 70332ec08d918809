// SPDX-License-Identifier: Apache-2.0
import type { Format } from "../base/format";

/** A p-value as it is written: how small it is below one in ten thousand says nothing more. */
export function p(value: number | null, format: Format): string {
  return value === null ? "–" : value < 0.0001 ? "< 0.0001" : format.decimal(value);
}
