// SPDX-License-Identifier: Apache-2.0
// Making keys and taking them back, for keys as such and for people who come in by one.
import { path, post } from "../base/api";
import type { NewKey } from "./api";

export class KeyDesk {
  /** The newest one; its text is told this once. */
  made = $state.raw<NewKey | undefined>();
  /** Why the last attempt failed. */
  problem = $state("");
  readonly #changed: () => Promise<void>;

  /** `changed` is waited for whenever there are other keys than before. */
  constructor(changed: () => Promise<void>) {
    this.#changed = changed;
  }

  /** False, with `problem` said, when there is no such key now. */
  async make(name: string, roles: readonly string[]): Promise<boolean> {
    return this.#attempt(async () => {
      this.made = await post<NewKey>("/v1/keys", { name: name.trim(), roles });
    });
  }

  async revoke(name: string): Promise<boolean> {
    return this.#attempt(async () => {
      await post(path`/v1/keys/${name}/revoke`, {});
    });
  }

  async #attempt(work: () => Promise<void>): Promise<boolean> {
    this.problem = "";
    try {
      await work();
      await this.#changed();
      return true;
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      return false;
    }
  }
}
