// SPDX-License-Identifier: Apache-2.0
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

declare const process: { env: Record<string, string | undefined> };

// `npm run dev` shows the page from source; the API is that of a running `flywheel serve`.
const server = process.env.FLYWHEEL_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [svelte()],
  // Everything is a file of its own, which is what the content security policy allows.
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { "/v1": server, "/v2": server, "/metrics": server } },
  // Components are mounted, so the tests take Svelte as browsers do.
  resolve: process.env.VITEST ? { conditions: ["browser"] } : {},
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
