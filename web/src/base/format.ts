// SPDX-License-Identifier: Apache-2.0
// Numbers and times as people read them, in their language. Times are UTC, as the server's are, and say so.

export interface Interval {
  value: number;
  lower: number;
  upper: number;
  n: number;
}

export class Format {
  readonly #language: string;

  constructor(language: string) {
    this.#language = language;
  }

  count(n: number): string {
    return new Intl.NumberFormat(this.#language).format(n);
  }

  /** A share in [0, 1] as per cent. */
  percent(share: number, digits = 1): string {
    return new Intl.NumberFormat(this.#language, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(share);
  }

  decimal(value: number, digits = 3): string {
    return new Intl.NumberFormat(this.#language, { maximumSignificantDigits: digits }).format(value);
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
    return new Intl.NumberFormat(this.#language, {
      style: "unit",
      unit: units[step] ?? "byte",
      unitDisplay: step === 0 ? "long" : "short",
      maximumFractionDigits: step === 0 ? 0 : 1,
    }).format(n / 1000 ** step);
  }

  milliseconds(ms: number): string {
    return ms < 1 ? `${this.decimal(ms * 1000)} µs` : ms < 1000 ? `${this.decimal(ms)} ms` : `${this.decimal(ms / 1000)} s`;
  }
}
