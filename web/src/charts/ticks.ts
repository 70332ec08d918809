// SPDX-License-Identifier: Apache-2.0
// Where ticks stand and what is written at them. No screen.

/** How a value is written: with `digits` significant ones, where it is not written to a fixed place. */
export type Write = (value: number, digits?: number) => string;

const kMantissas = [1, 2, 2.5, 5];

/** Steps from tick to tick that are multiples of `multiple`, growing: what is written to that place is then right at every tick. */
export function stepsOf(multiple: number): number[] {
  const steps = Array.from({ length: 24 }, (_, i) => kMantissas.map((mantissa) => Number(`${mantissa}e${i - 6}`))).flat();
  return steps.filter((step) => Math.abs(step / multiple - Math.max(1, Math.round(step / multiple))) < 1e-9);
}

/** So many significant digits tell ticks `step` apart, up to the greatest of them; three at least. */
export function digitsOf(step: number, ticks: readonly (number | null)[]): number {
  const most = Math.max(...ticks.map((tick) => Math.abs(tick ?? 0)));
  if (!(most > 0 && step > 0)) {
    return 3;
  }
  const power = Math.floor(Math.log10(step) + 1e-9);
  const last = Math.abs(step / 10 ** power - 2.5) < 1e-6 ? power - 1 : power;
  return Math.min(15, Math.max(3, Math.floor(Math.log10(most) + 1e-9) - last + 1));
}

const kDate = "\n{YYYY}-{MM}-{DD}";
const kDay = "\n{MM}-{DD}";

/**
 * For an axis of time, as everywhere on the page: year before month before day, 24 hours. A line each of uPlot: from
 * which step in seconds on, what each tick says, and what one says below that where a year, month, day, hour, minute or
 * second begins; 1 = below it, not in its place.
 */
export const kTimes: (number | string | null)[][] = [
  [365 * 86_400, "{YYYY}", null, null, null, null, null, null, 1],
  [28 * 86_400, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86_400, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", kDate, null, kDay, null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", kDate, null, kDay, null, null, null, 1],
  [0.001, "{ss}.{fff}", `${kDate} {HH}:{mm}`, null, `${kDay} {HH}:{mm}`, null, "\n{HH}:{mm}", null, 1],
];
