// SPDX-License-Identifier: Apache-2.0
// A text that this browser keeps, shown reactively. Where storage is forbidden it lives as long as the page.
export interface Kept {
  value: string;
}

export function kept(name: string, otherwise: string): Kept {
  let stored: string | null = null;
  try {
    stored = globalThis.localStorage?.getItem(name) ?? null;
  } catch {
    // forbidden
  }
  let value = $state(stored ?? otherwise);
  return {
    get value() {
      return value;
    },
    set value(wanted: string) {
      value = wanted;
      try {
        globalThis.localStorage?.setItem(name, wanted);
      } catch {
        // forbidden
      }
    },
  };
}
