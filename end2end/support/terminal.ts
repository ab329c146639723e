/** The terminal beside a lesson, as a student uses it: typed into and read. */
import { expect, type Page } from "@playwright/test";

import type { Words } from "./words.ts";

export class Terminal {
  constructor(
    private readonly page: Page,
    private readonly t: Words,
  ) {}

  /** Where one types: xterm.js's own field. */
  get field() {
    return this.page.getByRole("textbox", { name: this.t("terminal-label") });
  }

  /** The lines on the screen. */
  get screen() {
    return this.page.locator(".xterm-rows");
  }

  async text() {
    const lines = await this.screen.locator("> div").allInnerTexts();
    // xterm.js shows spaces as no-break spaces.
    return lines.map((line) => line.replaceAll("\u00a0", " ").trimEnd()).join("\n");
  }

  /** Waits for the prompt of a fresh line. */
  async prompt() {
    await expect
      .poll(() => this.text(), { message: "the prompt", timeout: 90_000 })
      .toMatch(/student@\S+:\S*[$#]\s*$/);
  }

  /** Types a line, key by key. */
  async type(line: string) {
    await this.field.focus();
    await this.page.keyboard.type(line, { delay: 5 });
    await this.page.keyboard.press("Enter");
  }

  /** Types a line and waits for what it prints. `pattern` must not match the line itself. */
  async answer(line: string, pattern: RegExp, timeout = 20_000): Promise<string> {
    await this.type("clear");
    await this.prompt();
    await this.type(line);
    await expect.poll(() => this.text(), { message: line, timeout }).toMatch(pattern);
    const [, found] = (await this.text()).match(pattern)!;
    return found!;
  }
}
