/** A student's own page, and the day's review: by pointer, by keyboard, and without script. */
import type { Page } from "@playwright/test";

import { expect, test } from "./support/fixtures.ts";
import { join, LessonPage, makeClass, modelsLesson, openClassroom } from "./support/people.ts";
import { type Lang, langs, LessonText, type Words } from "./support/words.ts";

const question = "db-on-vm";

/** A form of the review by the question's title. */
const asked = (page: Page, lang: Lang) => {
  const title = new LessonText(modelsLesson, lang).titleOf(question);
  const fields = page.getByRole("group", { name: title, exact: true });
  return page.locator("form").filter({ has: fields });
};

/** Opens one's own page by the header's link. */
async function openMine(page: Page, t: Words) {
  await page.getByRole("banner").getByRole("link", { name: t("me"), exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(t("me"));
}

for (const lang of langs) {
  test(`what was right comes back (${lang})`, async ({ open, visitor, a11y, wordsOf }) => {
    const t = wordsOf(lang);
    const text = new LessonText(modelsLesson, lang);
    const classroom = await open({ machines: false });
    const teacher = await visitor(lang);
    await openClassroom(teacher, classroom, lang);
    const code = await makeClass(teacher, t, "클라우드 1반");
    const learner = await visitor(lang);
    await join(learner, classroom.url, lang, code);

    await test.step("at first everything is still to come", async () => {
      await openMine(learner, t);
      await expect(learner.getByRole("link", { name: t("me-next-lesson") })).toBeVisible();
      await expect(learner.getByRole("row", { name: t("mastery-none") }).first()).toBeVisible();
      await a11y(learner);
    });

    await test.step("a right answer is evidence, and nothing is due on the same day", async () => {
      const lesson = new LessonPage(learner, modelsLesson, lang);
      await lesson.open(classroom.url);
      await lesson.choose(question, true);
      await expect(lesson.question(question)).toContainText(t("question-right-long"));
      await openMine(learner, t);
      await expect(learner.getByRole("row", { name: t("mastery-unsure") }).first()).toBeVisible();
      await learner.goto(`${classroom.url}/${lang}/review`);
      await expect(learner.getByRole("main")).toContainText(t("review-empty"));
      await a11y(learner);
    });

    await classroom.passDays(5);

    await test.step("days later one's own page leads to the review", async () => {
      await openMine(learner, t);
      await a11y(learner);
      await learner.getByRole("link", { name: t("review-today") }).click();
      await expect(learner.getByRole("main")).toContainText(t("review-lead"));
    });

    await test.step("the answer is nowhere on the page before it is given", async () => {
      await expect(asked(learner, lang)).toBeVisible();
      const page = await learner.content();
      expect(page).not.toContain(text.explanation(question));
      await a11y(learner);
    });

    await test.step("answered by keyboard, on the page itself", async () => {
      await asked(learner, lang).getByRole("radio", { name: text.choice(question, true) }).focus();
      await learner.keyboard.press("Space");
      await learner.keyboard.press("Enter");
      await expect(asked(learner, lang)).toContainText(text.explanation(question));
      await expect(learner.getByRole("main")).toContainText(t("review-done"));
      await a11y(learner);
      await learner.getByRole("link", { name: t("review-on") }).click();
      await expect(learner.getByRole("link", { name: t("continue") })).toBeVisible();
    });
  });
}

test("a review works without script", async ({ open, visitor, wordsOf }) => {
  const t = wordsOf("ko");
  const text = new LessonText(modelsLesson, "ko");
  const classroom = await open({ machines: false });
  const teacher = await visitor("ko");
  await openClassroom(teacher, classroom, "ko");
  const code = await makeClass(teacher, t, "클라우드 1반");
  const learner = await visitor("ko", { javaScriptEnabled: false });
  await join(learner, classroom.url, "ko", code);
  const lesson = new LessonPage(learner, modelsLesson, "ko");
  await lesson.open(classroom.url);
  await lesson.choose(question, true);
  await expect(lesson.question(question)).toContainText(t("question-right-long"));
  await classroom.passDays(5);

  await learner.goto(`${classroom.url}/ko/review`);
  const form = asked(learner, "ko");
  await form.getByRole("radio", { name: text.choice(question, false) }).check();
  await form.getByRole("button").click();
  await expect(form).toContainText(t("question-wrong-long"));
  await form.getByRole("radio", { name: text.choice(question, true) }).check();
  await form.getByRole("button").click();
  await expect(form).toContainText(text.explanation(question));
  await expect(learner.getByRole("main")).toContainText(t("review-done"));
});
