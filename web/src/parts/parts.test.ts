// SPDX-License-Identifier: Apache-2.0
// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from "vitest";

import { ApiError } from "../base/api";
import { Query } from "../base/query.svelte";
import { speak } from "../words/words.svelte";
import Card from "./Card.svelte";
import Dialog from "./Dialog.svelte";
import Loaded from "./Loaded.svelte";
import Notice from "./Notice.svelte";
import Opened from "./Opened.svelte";
import Recorded from "./Recorded.svelte";
import Scroll from "./Scroll.svelte";
import { clear, inside, press, savedFiles, show } from "./stage.svelte";

afterEach(clear);

describe("what a query has", () => {
  const children = inside<[number]>((value) => `<b>${value}</b>`);

  it("is waited for, then shown, and kept while it is asked for again in vain", async () => {
    const answers: (() => Promise<number>)[] = [() => Promise.resolve(7), () => Promise.reject(new ApiError(503, "stopping"))];
    const query = new Query<number>(() => answers.shift()!());
    const page = show(Loaded<number>, { query, children });
    expect(page.text("[role=status]")).toBe("Asking the server …");
    await query.refresh();
    await vi.waitFor(() => expect(page.text("b")).toBe("7"));
    expect(page.node.querySelector("[role=status]")).toBeNull();
    await query.refresh();
    await vi.waitFor(() => expect(page.text("[role=status]")).toContain("stopping"));
    expect(page.text("b")).toBe("7");
  });

  it("says what went wrong, and tries again when told to", async () => {
    let works = false;
    const query = new Query<number>(() => (works ? Promise.resolve(0) : Promise.reject(new ApiError(500, "broken"))));
    const page = show(Loaded<number>, { query, children });
    await query.refresh();
    await vi.waitFor(() => expect(page.text("[role=alert]")).toContain("broken"));
    expect(page.node.querySelector("b")).toBeNull();
    works = true;
    page.click("Try again");
    await vi.waitFor(() => expect(page.text("b")).toBe("0")); // nothing is an answer, too
    expect(page.node.querySelector("[role=alert]")).toBeNull();
  });

  it("has its words in the language that is spoken", () => {
    speak("ko");
    const page = show(Loaded<number>, { query: new Query<number>(() => new Promise(() => undefined)), children });
    expect(page.text("[role=status]")).toMatch(/[가-힣]/);
    speak("en");
  });
});

describe("a dialog", () => {
  function ask() {
    const onclose = vi.fn();
    const page = show(Dialog, { open: false, title: "Sure?", onclose, children: inside(() => "<input>") });
    return { page, onclose, dialog: page.find("dialog") as HTMLDialogElement };
  }

  it("is modal while it is open, named by its title, and holds nothing while it is closed", () => {
    const { page, dialog } = ask();
    expect(dialog.open).toBe(false);
    expect(dialog.textContent).toBe("");
    const modal = vi.spyOn(dialog, "showModal");
    page.give({ open: true });
    expect(modal).toHaveBeenCalledOnce();
    expect(dialog.open).toBe(true);
    expect(document.getElementById(dialog.getAttribute("aria-labelledby") ?? "")?.textContent).toBe("Sure?");
    page.give({ open: false });
    expect(dialog.open).toBe(false);
  });

  it("asks to be closed by Escape and by a click beside it, and not by one inside; it never closes by itself", () => {
    const { page, onclose, dialog } = ask();
    page.give({ open: true });
    const escape = new Event("cancel", { cancelable: true });
    dialog.dispatchEvent(escape);
    expect(onclose).toHaveBeenCalledTimes(1);
    expect(escape.defaultPrevented).toBe(true);
    expect(dialog.open).toBe(true);
    page.find("input").dispatchEvent(new MouseEvent("click", { bubbles: true }));
    expect(onclose).toHaveBeenCalledTimes(1);
    dialog.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    expect(onclose).toHaveBeenCalledTimes(2);
  });

  it("tells of a close that it did not ask for, once", () => {
    const { page, onclose, dialog } = ask();
    page.give({ open: true });
    dialog.close();
    expect(onclose).toHaveBeenCalledTimes(1);
    page.give({ open: false });
    expect(onclose).toHaveBeenCalledTimes(1);
  });
});

describe("what lies behind a number", () => {
  const columns = () => [{ name: "text", cells: ["=1+1", 'said "no"'] }];

  it("takes the focus when it was asked for just now, and not on a reload", () => {
    const onclose = vi.fn();
    const children = inside(() => "<p>rows</p>");
    const page = show(Opened, { title: "Rows", asked: true, columns, onclose, children });
    expect(document.activeElement).toBe(page.find("h3"));
    (document.activeElement as HTMLElement).blur();
    show(Opened, { title: "Others", level: 2, asked: false, columns, onclose, children });
    expect(document.activeElement).toBe(document.body);
  });

  it("is closed by Escape from anywhere in it, but not while an input method composes, and by its button", () => {
    const onclose = vi.fn();
    const page = show(Opened, { title: "Rows", asked: true, columns, onclose, children: inside(() => "<input>") });
    const field = page.find("input");
    expect(press("Escape", { isComposing: true }, field)).toBe(false);
    expect(press("a", {}, field)).toBe(false);
    expect(onclose).not.toHaveBeenCalled();
    expect(press("Escape", {}, field)).toBe(true);
    page.click("Close");
    expect(onclose).toHaveBeenCalledTimes(2);
  });

  it("is saved under its title, with nothing that a spreadsheet would run", async () => {
    const files = savedFiles();
    const page = show(Opened, { title: "Rows", asked: false, columns, onclose: vi.fn(), children: inside(() => "<p>rows</p>"), "data-rows": true });
    page.click("CSV");
    expect(files.map((file) => file.name)).toEqual(["Rows.csv"]);
    expect((await files[0]!.content).replace("\uFEFF", "")).toBe("text\r\n'=1+1\r\n\"said \"\"no\"\"\"\r\n");
    expect(page.find("section").hasAttribute("data-rows")).toBe(true);
  });
});

describe("small parts", () => {
  it("a card is a region that its title names", () => {
    const page = show(Card, { title: "Turns", mood: "warn", children: inside(() => "<p>x</p>") });
    const card = page.find("section");
    expect(document.getElementById(card.getAttribute("aria-labelledby") ?? "")?.textContent).toBe("Turns");
    expect(card.dataset.mood).toBe("warn");
  });

  it("a notice is told at once only when something is wrong", () => {
    expect(show(Notice, { title: "Done" }).find("div").getAttribute("role")).toBe("status");
    expect(show(Notice, { title: "Broken", mood: "bad" }).find("div").getAttribute("role")).toBe("alert");
  });

  it("what scrolls can be reached by keyboard and has a name", () => {
    const box = show(Scroll, { label: "Turns", children: inside(() => "<table></table>") }).find("div");
    expect([box.tabIndex, box.getAttribute("role"), box.getAttribute("aria-label")]).toEqual([0, "group", "Turns"]);
  });
});

describe("a sentence of the server", () => {
  const written = "Version 7 is served already.";

  it("is shown as recorded on the English page", () => {
    const page = show(Recorded, { text: written });
    expect(page.text("span")).toBe(written);
    expect(page.node.querySelector("[lang]")).toBeNull();
  });

  it("is Korean on the Korean page; what is not known stays, in its language", async () => {
    speak("ko");
    const known = show(Recorded, { text: written });
    const unknown = show(Recorded, { text: "Something new happened." });
    const own = show(Recorded, { text: "it looked fine", whose: "person" });
    expect(known.node.textContent).not.toContain("served");
    await vi.waitFor(() => expect(known.text("span")).toBe("버전 7이 이미 응답하고 있습니다."));
    expect(known.node.querySelector("[lang]")).toBeNull();
    expect(unknown.text('span[lang="en"]')).toBe("Something new happened.");
    expect(own.text("span")).toBe("it looked fine");
    expect(own.node.querySelector("[lang]")).toBeNull();
    speak("en");
    await vi.waitFor(() => expect(known.text("span")).toBe(written));
  });
});
