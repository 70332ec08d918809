// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { get, useKey } from "./api";
import { firstAnswers, firstAsk, forgetFirstAsks } from "./first_asks";

describe("what was asked before the page was there", () => {
  const fetched = vi.fn((address: string) => Promise.resolve(new Response(JSON.stringify({ from: address }))));
  const early = () => ({
    answers: new Map([["/v1/turns?limit=1000", Promise.resolve(new Response('{"from":"early"}'))]]),
    bodies: new Map<string, unknown>(),
    at: performance.now(),
  });

  beforeEach(() => vi.stubGlobal("fetch", fetched.mockClear()));
  afterEach(() => {
    vi.unstubAllGlobals();
    forgetFirstAsks();
  });

  it("is given once, then asked again", async () => {
    globalThis.flywheelFirstAsks = early();
    expect(await get("/v1/turns", { limit: 1000 })).toEqual({ from: "early" });
    expect(fetched).not.toHaveBeenCalled();
    expect(await get("/v1/turns", { limit: 1000 })).toEqual({ from: "/v1/turns?limit=1000" });
  });

  it("is given at once where it has been read, before anything is painted", async () => {
    const read = { ...early(), bodies: new Map([["/v1/turns?limit=1000", { from: "early" }]]) };
    globalThis.flywheelFirstAsks = read;
    let got: unknown;
    void get("/v1/turns", { limit: 1000 }).then((body) => (got = body));
    await Promise.resolve(); // a microtask, and no task
    expect(got).toEqual({ from: "early" });
    expect(read.answers.size).toBe(0);
    expect(fetched).not.toHaveBeenCalled();
  });

  it("is waited for, but not long, and not where nothing was asked", async () => {
    const never = new Promise<Response>(() => undefined);
    const refused = Promise.reject(new Error("no server"));
    refused.catch(() => undefined);
    globalThis.flywheelFirstAsks = { ...early(), answers: new Map([["/v1/me", refused], ["/v1/status", never]]) };
    await firstAnswers(60_000, "/v1/me", "/v1/other");
    const begun = performance.now();
    await firstAnswers(20, "/v1/status");
    expect(performance.now() - begun).toBeGreaterThanOrEqual(15);
    forgetFirstAsks();
    await firstAnswers(60_000, "/v1/status");
  });

  it("is no answer to anything else", async () => {
    globalThis.flywheelFirstAsks = early();
    expect(await get("/v1/turns", { limit: 10 })).toEqual({ from: "/v1/turns?limit=10" });
  });

  it("is forgotten when it is old, and when another key is shown", async () => {
    globalThis.flywheelFirstAsks = { ...early(), at: performance.now() - 60_000 };
    expect(firstAsk("/v1/turns?limit=1000")).toBe(undefined);
    globalThis.flywheelFirstAsks = early();
    useKey("fwk_another");
    expect(firstAsk("/v1/turns?limit=1000")).toBe(undefined);
    useKey(null);
  });
});
