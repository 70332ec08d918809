// SPDX-License-Identifier: Apache-2.0
// The key of whoever uses the page, kept by the tab, or by the browser if that is wanted. Storage may be forbidden: then it
// lives as long as the page (api.ts).

// first.ts knows these names, too.
const kKeyName = "flywheel.key";
const kGuardedName = "flywheel.guarded";

function storage(name: "sessionStorage" | "localStorage"): Storage | undefined {
  try {
    return globalThis[name];
  } catch {
    return undefined;
  }
}

export function keptKey(): string | null {
  return storage("sessionStorage")?.getItem(kKeyName) ?? storage("localStorage")?.getItem(kKeyName) ?? null;
}

export function keepKey(key: string | null, remember: boolean): void {
  storage("sessionStorage")?.removeItem(kKeyName);
  storage("localStorage")?.removeItem(kKeyName);
  if (key !== null) {
    storage(remember ? "localStorage" : "sessionStorage")?.setItem(kKeyName, key);
  }
}

/** For the next visit: whether this server wants a key. */
export function keepGuarded(guarded: boolean): void {
  if (guarded) {
    storage("localStorage")?.setItem(kGuardedName, "1");
  } else {
    storage("localStorage")?.removeItem(kGuardedName);
  }
}
