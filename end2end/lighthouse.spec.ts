/** What Lighthouse says of the pages that students work on: as on a cheap telephone, which is slower than
 * any laptop of theirs. */
import { chromium, type Page } from "@playwright/test";
import lighthouse from "lighthouse";

import { expect, test } from "./support/fixtures.ts";
import {
  join,
  LessonPage,
  makeFirstClass,
  modelsLesson,
  runLesson,
} from "./support/people.ts";
import type { Lang } from "./support/words.ts";

/** The least in each category, of 100. */
const least = 98;

/** Times are of an idle host only, so they are asked for apart: `npm run lighthouse`. */
const timed = process.env.GYOSIL_LIGHTHOUSE_TIMES === "1";

/** How often a page is timed: the middle counts. */
const times = 3;

const kept = ["accessibility", "best-practices"];

/** A browser that Lighthouse can steer, on a port of its own, in which this page's visitor is signed in. */
async function steered(page: Page) {
  const port = 20_000 + (process.pid % 20_000);
  const { executablePath, args } = test.info().project.use.launchOptions!;
  const context = await chromium.launchPersistentContext(test.info().outputPath("browser"), {
    executablePath,
    args: [...args!, `--remote-debugging-port=${port}`],
    locale: await page.evaluate(() => navigator.language),
  });
  await context.addCookies(await page.context().cookies());
  return { port, context };
}

/** The scores of a page, of 100, and what they are lower for. */
async function scores(port: number, url: string, categories: string[]) {
  const result = await lighthouse(url, {
    port,
    logLevel: "error",
    onlyCategories: categories,
    disableStorageReset: true,
  });
  const { lhr } = result!;
  expect(lhr.runtimeError, url).toBeUndefined();
  expect(new URL(lhr.finalDisplayedUrl).pathname).toBe(new URL(url).pathname);
  const poor = Object.values(lhr.audits)
    .filter(({ score }) => score !== null && score < 0.9)
    .map(({ id, displayValue }) => `${id} ${displayValue ?? ""}`.trim());
  const of = (category: string) => Math.round((lhr.categories[category]!.score ?? 0) * 100);
  return { scores: new Map(categories.map((category) => [category, of(category)])), poor };
}

// In English the pages are the same; that costs a minute where nothing is timed.
for (const lang of (timed ? ["ko", "en"] : ["ko"]) as Lang[]) {
  test(`Lighthouse has little to say, ${lang}`, async ({ open, visitor, wordsOf }) => {
    test.setTimeout(600_000);
    const t = wordsOf(lang);
    const classroom = await open();
    const code = await makeFirstClass(await visitor(lang), classroom, lang);
    const page = await visitor(lang);
    await join(page, classroom.url, lang, code);
    // Its machine is there, and its terminal open.
    const lesson = new LessonPage(page, runLesson, lang);
    await lesson.open(classroom.url);
    await expect(lesson.machine).toContainText(t("machine-ready"), { timeout: 60_000 });
    const { port, context } = await steered(page);
    try {
      for (const path of [`lessons/${runLesson}`, `lessons/${modelsLesson}`, "quizzes/volumes"]) {
        const url = `${classroom.url}/${lang}/${path}`;
        const first = await scores(port, url, kept);
        const performance = [];
        for (let time = 0; timed && time < times; time += 1) {
          const { scores: timing, poor } = await scores(port, url, ["performance"]);
          performance.push(timing.get("performance")!);
          first.poor.push(...poor);
        }
        performance.sort((a, b) => a - b);
        if (timed) first.scores.set("performance", performance[1]!);
        console.log(path, Object.fromEntries(first.scores), performance, first.poor);
        for (const [category, score] of first.scores) {
          expect(score, `${category} of ${path}: ${first.poor.join(", ")}`).toBeGreaterThanOrEqual(least);
        }
      }
    } finally {
      await context.close();
    }
  });
}
