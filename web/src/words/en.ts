// SPDX-License-Identifier: Apache-2.0
// What all views share, in English. Its type is what each other language must have in full; the words of one view stand
// in its folder (words.ts) and are fetched with it.
export const en = {
  language: "English",
  views: {
    home: "Home",
    label: "Label",
    traffic: "Traffic",
    drift: "Drift",
    labels: "Labels",
    data: "Data",
    training: "Training",
    evaluation: "Evaluation",
    release: "Release",
    try: "Try it",
    settings: "Settings",
  },
  shell: {
    skip: "Skip to content",
    menu: "Menu",
    views: "Views",
    theme: "Colours",
    themes: { auto: "as the system", light: "light", dark: "dark" },
    language: "Language",
    line: { connecting: "connecting", open: "live", lost: "no line to the server; trying again" },
    signed_in: (name: string) => `signed in as ${name}`,
    sign_out: "Sign out",
    unknown: (view: string) => `There is no page called “${view}”.`,
    to_home: "To the first page",
  },
  sign_in: {
    title: "Who are you?",
    why: "This server asks for a key. An admin makes one with:",
    key: "Key",
    remember: "Remember it in this browser",
    enter: "Sign in",
    refused: "The server does not know this key.",
    role: "Your key may not do this. It needs the role:",
  },
  state: {
    loading: "Asking the server …",
    failed: "This could not be loaded.",
    retry: "Try again",
    stale: "Not up to date:",
    nothing: "Nothing yet.",
    close: "Close",
    cancel: "Cancel",
    save: "Save",
    more: "Show more",
  },
  chart: {
    table: "Table",
    chart: "Chart",
    csv: "CSV",
    zoom: "Drag to zoom in, double-click to see all again.",
    no_points: "No points in this range.",
    time: "Time (UTC)",
  },
};

export type Words = typeof en;
