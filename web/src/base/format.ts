// SPDX-License-Identifier: Apache-2.0
// Numbers and times as people read them, in their language. Times are UTC, as the server's are, and say so.

export interface Interval {
  value: number;
  lower: number;
  upper: number;
  n: number;
}

/** Decimals that a multiple of `step` has: 0.25 has two. */
export function placesOf(step: number): number {
  let places = 0;
  for (let scaled = step; places < 15 && Math.abs(scaled - Math.round(scaled)) > 1e-9 * scaled; ++places) {
    scaled = step * 10 ** (places + 1);
  }
  return places;
}

/**
 * English and Korean write bare numbers alike (base.test.ts compares with Intl). The first Intl.NumberFormat of a page
 * takes 40 ms, which would be a tenth of the time to the first paint: it is left to numbers with units.
 */
export class Format {
  readonly #language: string;
  /** Making one costs more than a hundred uses. */
  readonly #made = new Map<string, Intl.NumberFormat>();

  constructor(language: string) {
    this.#language = language;
  }

  #numbers(name: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
    const known = this.#made.get(name);
    if (known) {
      return known;
    }
    const made = new Intl.NumberFormat(this.#language, options);
    this.#made.set(name, made);
    return made;
  }

  /** `digits` with thousands apart; what is too large, too small or no number to be written so, as Intl writes `value`. */
  #plain(digits: string, value: number, options: Intl.NumberFormatOptions): string {
    if (!/^-?\d+(\.\d+)?$/.test(digits)) {
      return this.#numbers(JSON.stringify(options), options).format(value);
    }
    const [whole = "", rest] = digits.split(".");
    const apart = whole.replace(/\B(?=(\d{3})+$)/g, ",");
    return rest === undefined ? apart : `${apart}.${rest}`;
  }

  /** To a thousandth at most. */
  count(n: number): string {
    return this.#plain(String(Number(n.toFixed(3))), n, {});
  }

  /** A share in [0, 1] as per cent. */
  percent(share: number, digits = 1): string {
    return `${this.fixed(100 * share, digits)}%`;
  }

  decimal(value: number, digits = 3): string {
    return this.#plain(String(Number(value.toPrecision(digits))), value, { maximumSignificantDigits: digits });
  }

  /** With exactly so many decimals; `sign`: also of what is above zero. */
  fixed(value: number, digits: number, sign = false): string {
    const text = this.#plain(value.toFixed(digits), value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return sign && !(value < 0) ? `+${text}` : text;
  }

  /** "71.1 % (69.8 to 72.4, n 4,012)": no rate without its interval and its size. */
  interval({ value, lower, upper, n }: Interval): string {
    return `${this.percent(value)} (${this.percent(lower)} – ${this.percent(upper)}, n ${this.count(n)})`;
  }

  day(time: string | number): string {
    return new Date(time).toISOString().slice(0, 10);
  }

  /** To the second. */
  moment(time: string | number): string {
    return new Date(time).toISOString().slice(0, 19).replace("T", " ");
  }

  /** "1.2 GB": powers of 1,000. */
  bytes(n: number): string {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
    const step = Math.min(units.length - 1, n > 0 ? Math.floor(Math.log10(n) / 3) : 0);
    return this.#numbers(`bytes ${step}`, {
      style: "unit",
      unit: units[step] ?? "byte",
      unitDisplay: step === 0 ? "long" : "short",
      maximumFractionDigits: step === 0 ? 0 : 1,
    }).format(n / 1000 ** step);
  }

  /** A multiple of `step`, with all the places that it has. */
  tick(value: number, step: number): string {
    return this.decimal(Number(value.toFixed(placesOf(step))), 15);
  }

  /** `step`: as in tick(). */
  milliseconds(ms: number, step?: number): string {
    if (ms >= 120_000) {
      return this.duration(ms / 1000);
    }
    const scaled = (by: number) => (step === undefined ? this.decimal(ms * by) : this.tick(ms * by, step * by));
    return ms < 1 ? `${scaled(1000)} µs` : ms < 1000 ? `${scaled(1)} ms` : `${scaled(0.001)} s`;
  }

  /** "45 sec", "3.2 min", "1,065 days": at least two of a unit. */
  duration(seconds: number): string {
    const units = [["day", 86_400], ["hour", 3600], ["minute", 60]] as const;
    const [unit, size] = units.find((one) => Math.abs(seconds) >= 2 * one[1]) ?? (["second", 1] as const);
    const value = seconds / size;
    const digits = Math.abs(value) < 10 ? 1 : 0;
    return this.#numbers(`${unit} ${digits}`, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: digits }).format(value);
  }
}
