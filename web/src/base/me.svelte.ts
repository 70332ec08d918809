// SPDX-License-Identifier: Apache-2.0
// Who uses the page, and which model it shows.
import { ApiError, get, hasKey, useKey } from "./api";
import { forgetFirstAsks } from "./first_asks";
import { keepGuarded } from "./key";
import { closeNews, openNews } from "./news.svelte";

/** GET /v1/me */
export interface Me {
  /** Of the key; "" when the server asks for none. */
  name: string;
  /** "infer", "feedback", "label", "read", "admin". */
  roles: string[];
  /** The server asks for keys. */
  guarded: boolean;
  model: string;
  /** At the server, RFC 3339. */
  time: string;
}

const state = $state<{ me: Me | undefined; error: ApiError | undefined; asked: boolean }>({ me: undefined, error: undefined, asked: false });

export function me(): Me | undefined {
  return state.me;
}

/** Why nobody is known. Status 401: a key is asked for. */
export function meError(): ApiError | undefined {
  return state.error;
}

export function may(role: string): boolean {
  const roles = state.me?.roles ?? [];
  return roles.includes(role) || roles.includes("admin");
}

export async function askWhoIAm(): Promise<void> {
  try {
    state.me = await get<Me>("/v1/me");
    state.error = undefined;
    keepGuarded(state.me.guarded);
    openNews();
  } catch (error) {
    state.me = undefined;
    forgetFirstAsks();
    state.error = error instanceof ApiError ? error : new ApiError(0, String(error));
    if (state.error.status === 401) {
      keepGuarded(true);
      if (hasKey()) {
        useKey(null);
      }
    }
  }
  state.asked = true;
}

export async function signIn(key: string, remember: boolean): Promise<void> {
  useKey(key, remember);
  await askWhoIAm();
}

export function signOut(): void {
  useKey(null);
  closeNews();
  state.me = undefined;
  void askWhoIAm();
}
