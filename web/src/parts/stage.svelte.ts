// SPDX-License-Identifier: Apache-2.0
// Where tests mount a component by itself: what it is given can change, what it does is seen. Its page is jsdom, to which is added what these
// components need of a browser and jsdom has not; so how things look, and where the focus of a dialog goes, is for the tests in a real browser.
import { type Component, type ComponentProps, createRawSnippet, flushSync, mount, type Snippet, unmount } from "svelte";

/** As a browser does: Escape, close() and showModal() of a dialog. */
function teachDialogs(): void {
  Object.assign(HTMLDialogElement.prototype, {
    showModal(this: HTMLDialogElement) {
      this.open = true;
    },
    close(this: HTMLDialogElement) {
      this.open = false;
      this.dispatchEvent(new Event("close"));
    },
  });
}

class NoObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

const shown: Record<string, unknown>[] = [];

export interface Shown<P> {
  node: HTMLElement;
  /** Gives it other values. */
  give(changed: Partial<P>): void;
  /** What the first element that matches says; undefined: there is none. */
  text(selector: string): string | undefined;
  /** Of all that match. */
  texts(selector: string): string[];
  find(selector: string): HTMLElement;
  /** Clicks the button that says `name`. */
  click(name: string): void;
}

// As Svelte's own types say it: a component of any properties.
type AnyComponent = Component<any>;

/** Mounts it in an empty page. */
export function show<C extends AnyComponent>(component: C, given: ComponentProps<C>): Shown<ComponentProps<C>> {
  teachDialogs();
  globalThis.ResizeObserver ??= NoObserver as unknown as typeof ResizeObserver;
  Element.prototype.scrollIntoView ??= () => undefined;
  const node = document.createElement("div");
  document.body.append(node);
  const props = $state(given);
  shown.push(mount(component, { target: node, props }));
  flushSync();
  const find = (selector: string): HTMLElement => {
    const found = node.querySelector<HTMLElement>(selector);
    if (!found) {
      throw new Error(`there is no ${selector} in ${node.innerHTML}`);
    }
    return found;
  };
  const said = (element: Element): string => (element.textContent ?? "").trim().replace(/\s+/g, " ");
  const texts = (selector: string): string[] => [...node.querySelectorAll(selector)].map(said);
  return {
    node,
    find,
    texts,
    text: (selector) => texts(selector)[0],
    give: (changed) => {
      Object.assign(props, changed);
      flushSync();
    },
    click: (name) => {
      const button = [...node.querySelectorAll("button")].find((one) => said(one) === name);
      if (!button) {
        throw new Error(`no button says ${name}: ${texts("button").join(", ")}`);
      }
      button.click();
      flushSync();
    },
  };
}

/** After each test. */
export async function clear(): Promise<void> {
  for (const one of shown.splice(0)) {
    await unmount(one);
  }
  document.body.replaceChildren();
}

/** What a caller puts inside a component. */
export function inside<T extends unknown[] = []>(html: (...values: T) => string): Snippet<T> {
  return createRawSnippet<T>((...values) => ({ render: () => html(...(values.map((value) => (value as () => unknown)()) as T)) }));
}

/** Presses a key where the focus is; true: the page took it for itself. */
export function press(key: string, more: KeyboardEventInit = {}, on: EventTarget = document.activeElement ?? document.body): boolean {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  on.dispatchEvent(event);
  flushSync();
  return event.defaultPrevented;
}

/** What would be saved as a file, by name, from here on. */
export function savedFiles(): { name: string; content: Promise<string> }[] {
  const files: { name: string; content: Promise<string> }[] = [];
  let newest: Blob | undefined;
  URL.createObjectURL = (blob) => {
    newest = blob as Blob;
    return "blob:test";
  };
  URL.revokeObjectURL = () => undefined;
  HTMLAnchorElement.prototype.click = function click(this: HTMLAnchorElement) {
    const blob = newest;
    const content = new Promise<string>((done) => {
      const reader = new FileReader();
      reader.onload = () => done(String(reader.result));
      reader.readAsText(blob ?? new Blob());
    });
    files.push({ name: this.download, content });
  };
  return files;
}
