// SPDX-License-Identifier: Apache-2.0
// What may be done to the labels as they stand, and what it would do: the rules of src/rooms/release/release_by_hand.cpp,
// so that the page offers only what the server will take. No screen.
import type { Act, Standing, Version } from "./api";

export const kActs: readonly Act[] = ["rollback", "promote", "canary", "shadow", "share", "finish", "cancel"];

/** Acts that need a version. */
export function brings(act: Act): boolean {
  return act === "promote" || act === "canary" || act === "shadow";
}

export function takesShare(act: Act): boolean {
  return act === "canary" || act === "shadow" || act === "share";
}

/** Numbers, newest first, that the act could be about. */
export function choicesFor(act: Act, standing: Standing, versions: readonly Pick<Version, "number">[]): number[] {
  const { stable } = standing.labels;
  const others = versions.map((one) => one.number).filter((number) => number !== stable);
  if (act === "promote") {
    return others;
  }
  if (!brings(act) || stable === 0) {
    return [];
  }
  const live = standing.live;
  if (!live) {
    return others;
  }
  // A shadow of a version may become its canary; nothing else starts while a rollout is live.
  return act === "canary" && live.state === "shadow" ? others.filter((number) => number === live.to_version) : [];
}

export function possible(act: Act, standing: Standing, versions: readonly Pick<Version, "number">[]): boolean {
  if (act === "rollback") {
    return standing.live?.state === "canary" || standing.labels.previous > 0;
  }
  return brings(act) ? choicesFor(act, standing, versions).length > 0 : standing.live !== null;
}

/** What a rollback would do now: take the canary back, go back to the version before, or nothing. */
export function rollbackOf(standing: Standing): { from: number; to: number; canary: boolean } | null {
  const { stable, previous } = standing.labels;
  if (standing.live?.state === "canary") {
    return { from: standing.live.to_version, to: stable, canary: true };
  }
  return previous > 0 ? { from: stable, to: previous, canary: false } : null;
}

/** A share typed as per cent; null when the server would refuse it. */
export function shareOf(percent: number | null | undefined): number | null {
  return typeof percent === "number" && percent > 0 && percent <= 100 ? percent / 100 : null;
}
