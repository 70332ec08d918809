// SPDX-License-Identifier: Apache-2.0
// Where in the page one is: `#/drift?from=2019-03-01`. The address is the state, so a view can be linked, reloaded and
// gone back to.

export interface Place {
  /** "" is home; "labels", "data", ... */
  view: string;
  /** What stands behind it: "#/data/item/ab12" -> ["item", "ab12"]. */
  rest: string[];
  parameters: URLSearchParams;
}

export function parsePlace(hash: string): Place {
  const [address = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const parts = address.split("/").map(decode);
  return { view: parts[0] ?? "", rest: parts.slice(1).filter((part) => part !== ""), parameters: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const state = $state<{ place: Place }>({ place: parsePlace(globalThis.location?.hash ?? "") });

globalThis.addEventListener?.("hashchange", () => {
  state.place = parsePlace(location.hash);
});

export function place(): Place {
  return state.place;
}

export function addressOf(view: string, rest: readonly string[] = [], parameters: Record<string, string> = {}): string {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== "")).toString();
  const address = "#/" + [view, ...rest].map(encodeURIComponent).join("/");
  return query === "" ? address : `${address}?${query}`;
}

/** Goes there; `replace` leaves no step for the back button. */
export function go(address: string, replace = false): void {
  if (replace) {
    history.replaceState(null, "", address);
    state.place = parsePlace(address);
  } else {
    location.hash = address;
  }
}
