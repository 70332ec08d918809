// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { get, useKey } from "./api";
import { firstAsk, forgetFirstAsks } from "./first_asks";

describe("what was asked before the page was there", () => {
  const fetched = vi.fn((address: string) => Promise.resolve(new Response(JSON.stringify({ from: address }))));
  const early = () => ({
    answers: new Map([["/v1/turns?limit=1000", Promise.resolve(new Response('{"from":"early"}'))]]),
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
