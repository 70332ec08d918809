// SPDX-License-Identifier: Apache-2.0
// What the traffic view asks: GET /v1/models/{model}/traffic, GET /v1/status, and /metrics as text.

export type Route = "stable" | "canary" | "pinned" | "shadow";
export const kRoutes: readonly Route[] = ["stable", "canary", "pinned", "shadow"];

export type Step = "minute" | "hour" | "day";

export interface Latency {
  p50: number;
  p95: number;
  p99: number;
}

/** Rows of one version and route in one step of time. */
export interface TrafficGroup {
  version: number;
  route: Route;
  /** Where capture kept a share only, each row stands for 1/propensity rows; then no whole number, and `estimated`. */
  rows: number;
  /** Of these, answered with another status than 200. */
  failed: number;
  /** Rows that were looked at. */
  captured: number;
  estimated: boolean;
  /** By class; classes at the end without a row are left out. */
  by_label: number[];
  latency_us: Latency | null;
  infer_us_p50: number | null;
  confidence_mean: number | null;
}

/** A step without rows is left out. */
export interface Traffic {
  from: string;
  to: string;
  step_seconds: number;
  labels: string[];
  buckets: { time: string; groups: TrafficGroup[] }[];
}

export interface Captured {
  rows: number;
  feedback: number;
  dropped: number;
  waiting: number;
  failure: string;
}
