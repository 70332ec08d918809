// SPDX-License-Identifier: Apache-2.0
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

declare const process: { env: Record<string, string | undefined> };

// `npm run dev` shows the page from source; the API is that of a running `flywheel serve`.
const server = process.env.FLYWHEEL_URL ?? "http://127.0.0.1:8080";

const kFirst = "src/first.ts";
/** Puts src/first.ts before the script of the page, as a small script that waits for nothing. */
function firstScript(): Plugin {
  let building = false;
  return {
    name: "first-script",
    configResolved(config) {
      building = config.command === "build" && config.mode !== "test";
    },
    buildStart() {
      if (building) {
        this.emitFile({ type: "chunk", id: kFirst });
      }
    },
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle }) {
        const built = Object.values(bundle ?? {}).find((one) => one.type === "chunk" && one.facadeModuleId?.endsWith(kFirst));
        // From source it is a module: Vite adds imports to it.
        const attrs = bundle ? { src: `/${built?.fileName}` } : { type: "module", src: `/${kFirst}` };
        return [{ tag: "script", attrs, injectTo: "head-prepend" }];
      },
    },
  };
}

export default defineConfig({
  plugins: [svelte(), firstScript()],
  // Everything is a file of its own, which is what the content security policy allows.
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { "/v1": server, "/v2": server, "/metrics": server } },
  // Components are mounted, so the tests take Svelte as browsers do.
  resolve: process.env.VITEST ? { conditions: ["browser"] } : {},
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
