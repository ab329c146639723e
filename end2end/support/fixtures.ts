/** What a test is given: a classroom, visitors with browsers of their own, words, accessibility. */
import { writeFile } from "node:fs/promises";

import { test as base, type BrowserContextOptions, expect, type Page } from "@playwright/test";

import { accessible } from "./a11y.ts";
import { Classroom, type Options } from "./classroom.ts";
import { type Lang, words, type Words } from "./words.ts";

export { expect };

interface Fixtures {
  /** Opens a classroom that ends with the test, however that ends. */
  open: (options?: Options) => Promise<Classroom>;
  /** A visitor with a browser of their own. Errors in their console fail the test. */
  visitor: (lang: Lang, options?: BrowserContextOptions) => Promise<Page>;
  /** Fails on anything that WCAG 2.2 AA does not allow, light or dark. */
  a11y: (page: Page) => Promise<void>;
  /** The interface's words in a language. */
  wordsOf: (lang: Lang) => Words;
}

export const test = base.extend<Fixtures>({
  open: async ({}, use, testInfo) => {
    const opened: Classroom[] = [];
    await use(async (options) => {
      const classroom = await Classroom.open(options);
      opened.push(classroom);
      return classroom;
    });
    const failed = testInfo.status !== testInfo.expectedStatus;
    const troubles: unknown[] = [];
    for (const classroom of opened) {
      if (failed) await writeFile(testInfo.outputPath("classroom.log"), await classroom.log());
      await classroom.close().catch((trouble) => troubles.push(trouble));
    }
    if (troubles.length > 0) throw troubles[0];
  },

  visitor: async ({ browser }, use) => {
    const complaints: string[] = [];
    const pages: Page[] = [];
    await use(async (lang, options) => {
      const locale = lang === "ko" ? "ko-KR" : "en-US";
      const context = await browser.newContext({ locale, ...options });
      await context.grantPermissions(["clipboard-read", "clipboard-write"]);
      const page = await context.newPage();
      page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error}`));
      page.on("console", (message) => {
        // A refused form or a stopped server is said by the page; the browser's own line about it
        // is no fault of ours.
        const network = /^Failed to load resource|net::ERR_|WebSocket connection to/;
        if (message.type() === "error" && !network.test(message.text())) {
          complaints.push(`${page.url()}: ${message.text()}`);
        }
      });
      pages.push(page);
      return page;
    });
    for (const page of pages) await page.context().close();
    expect(complaints, "errors in the browser's console").toEqual([]);
  },

  a11y: async ({}, use) => use(accessible),

  wordsOf: async ({}, use) => use(words),
});
