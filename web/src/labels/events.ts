// SPDX-License-Identifier: Apache-2.0
// Label events of the API, page after page, newest first.
import { ApiError, get, path } from "../base/api";
import type { LabelEvent } from "../labeling/api";
import type { Events } from "./api";

export const kMostAPage = 1000;

export interface EventWish {
  model: string;
  actor: string;
  /** At most so many; one more is asked for, to know whether there are more. */
  most: number;
}

export interface SomeEvents {
  events: LabelEvent[];
  more: boolean;
}

/** A new project has no labels yet, and the server says 404: that is no error here but nothing. */
export async function orNothing<T>(asked: Promise<T>, nothing: T): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) {
      return nothing;
    }
    throw error;
  }
}

export async function eventsOf({ model, actor, most }: EventWish, signal: AbortSignal, ask: typeof get = get): Promise<SomeEvents> {
  const events: LabelEvent[] = [];
  for (;;) {
    const limit = Math.min(kMostAPage, most + 1 - events.length);
    const page = await ask<Events>(path`/v1/models/${model}/label-events`, { actor, limit, before_seq: events.at(-1)?.seq }, signal);
    events.push(...page.events);
    if (page.events.length < limit || events.length > most) {
      return { events: events.slice(0, most), more: events.length > most };
    }
  }
}
