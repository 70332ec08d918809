// SPDX-License-Identifier: Apache-2.0
// Which stretch of time is shown, and in steps of what: the server counts at most 3,000 steps. No screen.
import type { Step } from "./api";

export const kRanges = ["hour", "day", "month", "all", "own"] as const;
export type RangeName = (typeof kRanges)[number];

/** Below the server's limit of 3,000. */
export const kMostSteps = 2990;

const kMinute = 60_000;
const kHour = 60 * kMinute;
const kDay = 24 * kHour;
export const kStepMs: Record<Step, number> = { minute: kMinute, hour: kHour, day: kDay };
const kWidths: Partial<Record<RangeName, number>> = { hour: kHour, day: kDay, month: 30 * kDay, all: kMostSteps * kDay };

export interface Range {
  /** Milliseconds UTC. */
  from: number;
  /** null = until now. */
  to: number | null;
  step: Step;
}

/** Fine enough to see something, not so fine that most steps are empty. */
export function stepFor(width: number): Step {
  return width <= 3 * kHour ? "minute" : width <= 14 * kDay ? "hour" : "day";
}

export function isRangeName(name: string): name is RangeName {
  return (kRanges as readonly string[]).includes(name);
}

/** A day as a date field writes it, "2019-03-01", as the moment it begins in UTC. */
export function dayOf(text: string): number | null {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return Number.isFinite(time) ? time : null;
}

/** From the day of `first` until `now`, in stretches of whole days that the server counts at once. */
export function stretchesOf(first: number, now: number): { from: number; to: number | null }[] {
  const stretches: { from: number; to: number | null }[] = [];
  let from = Math.floor(Math.min(first, now) / kDay) * kDay;
  for (; now - from > kMostSteps * kDay; from += kMostSteps * kDay) {
    stretches.push({ from, to: from + kMostSteps * kDay });
  }
  return [...stretches, { from, to: null }];
}

/** Of `own`, both days belong to it. Null when they are no range. */
export function rangeOf(name: RangeName, from: string, to: string, now: number): Range | null {
  const width = kWidths[name];
  if (width !== undefined) {
    return { from: now - width, to: null, step: name === "month" ? "day" : stepFor(width) };
  }
  const [first, last] = [dayOf(from), dayOf(to)];
  if (first === null || last === null || last < first || last + kDay - first > kMostSteps * kDay) {
    return null;
  }
  return { from: first, to: last + kDay, step: stepFor(last + kDay - first) };
}
