// SPDX-License-Identifier: Apache-2.0
// Which time it is at the server: that of everything recorded. The browser's clock may be wrong, the server's that of a replayed stream.
import { get } from "./api";

/** Milliseconds UTC. Asked each time, since a replayed stream's time goes on in leaps. */
export async function serverTime(signal?: AbortSignal): Promise<number> {
  const { time } = await get<{ time: string }>("/v1/me", {}, signal);
  return Date.parse(time);
}
