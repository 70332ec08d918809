// SPDX-License-Identifier: Apache-2.0
// Runs before everything else: asks what the first view will ask, while the script of the page is still on its way.
// base/first_asks.ts gives the answers out. It imports nothing, so that it is one small classic script that waits for
// nothing (vite.config.ts); what it shares with others are the names of what is kept, which base/key.ts has too.

interface FirstAsks {
  answers: Map<string, Promise<Response>>;
  /** What has been read of them: a view that finds all it asks for here is painted at once, not after an empty one. */
  bodies: Map<string, unknown>;
  at: number;
}

declare global {
  var flywheelFirstAsks: FirstAsks | undefined;
}

(() => {
  const kMe = "/v1/me";
  /** Of the view that most visits begin at; elsewhere the view asks when it is there. */
  const kOfHome = ["/v1/status", "/v1/turns?limit=1000"];
  const read = (store: "sessionStorage" | "localStorage", name: string) => {
    try {
      return globalThis[store].getItem(name);
    } catch {
      return null; // storage is forbidden
    }
  };
  const key = read("sessionStorage", "flywheel.key") ?? read("localStorage", "flywheel.key");
  const headers: HeadersInit = key === null ? {} : { Authorization: `Bearer ${key}` };
  const answers = new Map<string, Promise<Response>>();
  const bodies = new Map<string, unknown>();
  const ask = async (address: string) => {
    const response = await fetch(address, { headers, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(30_000) });
    const text = await response.text();
    if (response.ok) {
      bodies.set(address, JSON.parse(text));
    }
    return new Response(text, response);
  };
  // A server that is known to want a key, and is shown none, refuses once, not three times.
  const home = /^#?\/?$/.test(location.hash) && (key !== null || read("localStorage", "flywheel.guarded") === null);
  for (const address of home ? [kMe, ...kOfHome] : [kMe]) {
    const answer = ask(address);
    answer.catch(() => undefined); // whoever takes it is told
    answers.set(address, answer);
  }
  globalThis.flywheelFirstAsks = { answers, bodies, at: performance.now() };
})();

export {};
