/** Accessibility, checked by axe. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";

/** WCAG 2.2, levels A and AA. */
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** Fails with one line for each thing on the page that WCAG 2.2 AA does not allow, light or dark. */
export async function accessible(page: Page) {
  for (const colorScheme of ["light", "dark"] as const) {
    await test.step(`accessible in ${colorScheme}`, async () => {
      await page.emulateMedia({ colorScheme });
      const { violations } = await new AxeBuilder({ page }).withTags(rules).analyze();
      const found = violations.flatMap(({ id, nodes }) =>
        nodes.map((node) => `${id}: ${node.html}\n    ${node.failureSummary?.replace(/\s+/g, " ")}`),
      );
      expect(found, `${page.url()} in ${colorScheme}`).toEqual([]);
    });
  }
  await page.emulateMedia({ colorScheme: null });
}
