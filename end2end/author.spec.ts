/** An author at work: pages that follow each save, problems beside what they concern, scripts tried. */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import type { Locator, Page } from "@playwright/test";

import type { Classroom } from "./support/classroom.ts";
import { expect, test } from "./support/fixtures.ts";
import { join, LessonPage, makeClass, openClassroom, runLesson, student } from "./support/people.ts";
import { type Lang, langs, words } from "./support/words.ts";

/** How long a script may take on a host with other work: its machine has to come up first. */
const tried = { timeout: 120_000 };

/** A narrow screen. */
const phone = { width: 390, height: 844 };

/** Changes the run lesson's file as an editor would. */
async function save(classroom: Classroom, lang: Lang, change: (text: string) => string) {
  const file = path.join(classroom.course, `${runLesson}.${lang}.md`);
  await writeFile(file, change(await readFile(file, "utf8")));
}

/** Puts a paragraph before the lesson's text. */
const withFirst = (paragraph: string) => (text: string) =>
  text.replace(/^(---\n[^]*?\n---\n)/, `$1\n${paragraph}\n\n`);

async function openDraft(page: Page, classroom: Classroom, lang: Lang, rest = "") {
  await page.goto(`${classroom.url}/${lang}/author/lessons/${runLesson}${rest}`);
  await expect(page.locator("#standing")).toBeVisible();
}

// Axe and two browsers at once take their time.
test.slow();

const top = async (block: Locator) => (await block.boundingBox())!.y;

test("a page follows each save, and what is being read stays", async ({ open, visitor, wordsOf }) => {
  const classroom = await open({ machines: false, serve: ["--author"] });
  const [page, t] = [await visitor("ko"), wordsOf("ko")];
  await page.goto(classroom.url);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(t("author-title"));
  await openDraft(page, classroom, "ko");
  // Opened, so that it can be seen whether what did not change is left alone.
  await page.locator(".hint summary").first().click();
  const read = page.locator(".quiz").filter({ has: page.locator(".choice") }).first();
  await read.evaluate((block) => {
    block.scrollIntoView({ block: "center", behavior: "instant" });
    block.querySelector<HTMLInputElement>(".choice input")?.click();
  });
  const before = await top(read);

  const saved = Date.now();
  await save(classroom, "ko", withFirst("새로 쓴 **첫** 문단입니다.\n\n그 아래 또 한 문단."));
  await expect(page.getByText("새로 쓴 첫 문단입니다.")).toBeAttached();
  const took = `${Date.now() - saved} ms from the save to the page`;
  test.info().annotations.push({ type: "save", description: took });
  expect(Math.abs((await top(read)) - before), "the place on the screen").toBeLessThan(2);
  await expect(page.locator(".hint").first()).toHaveAttribute("open", "");
  await expect(read.locator(".choice input").first()).toBeChecked();
});

test("what is wrong stands beside its block; students keep the last good course", async ({
  open,
  visitor,
  a11y,
  wordsOf,
}) => {
  const classroom = await open({ machines: false });
  const [author, page, t] = [await visitor("ko"), await visitor("ko"), wordsOf("ko")];
  await openClassroom(author, classroom, "ko");
  const code = await makeClass(author, t, "클라우드 1반");
  await join(page, classroom.url, "ko", code, student);
  const lesson = new LessonPage(page, runLesson, "ko");
  await lesson.open(classroom.url);

  await author.goto(`${classroom.url}/ko/lessons/${runLesson}`);
  await author.getByRole("link", { name: t("author-view") }).click();
  await expect(author.locator("#standing")).toContainText(t("author-clean"));
  await save(classroom, "ko", withFirst("[죽은 링크](lesson:no/such)가 여기 있습니다.\n\n다음 문단."));
  const problem = author.locator(".problem");
  await expect(problem).toContainText("no/such");
  await expect(problem).toContainText(`${runLesson}.ko.md:`);
  const block = author.locator(".draft-block", { hasText: "죽은 링크" });
  await expect(block.locator(".problem"), "beside its block").toHaveCount(1);
  await expect(author.locator("#standing")).toContainText(t("author-problems", { n: 1 }));
  await a11y(author);

  await lesson.choose("two-on-80", true);
  await expect(lesson.question("two-on-80")).toContainText(t("question-right-long"));
  await lesson.open(classroom.url);
  await expect(page.getByText("죽은 링크")).toHaveCount(0);

  await save(classroom, "ko", (text) => text.replace("[죽은 링크](lesson:no/such)", "고친 링크"));
  await expect(author.locator("#standing")).toContainText(t("author-clean"));
  await expect(problem).toHaveCount(0);
  await expect(page.locator("#lesson-changed")).toContainText(t("lesson-changed"));
  await page.getByRole("link", { name: t("lesson-show-changed") }).click();
  await expect(page.getByText("고친 링크")).toBeVisible();
  await expect(lesson.question("two-on-80")).toContainText(t("question-right-long"));
  await page.goto(`${classroom.url}/ko/author/`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(t("forbidden-title"));
});

for (const lang of langs) {
  test(`both languages, wide and narrow, for everybody (${lang})`, async ({ open, visitor, a11y }) => {
    const t = words(lang);
    const classroom = await open({ machines: false, serve: ["--author"] });
    const page = await visitor(lang);
    await save(classroom, lang, withFirst("![none](none.svg)"));
    for (const viewport of [null, phone]) {
      if (viewport) await page.setViewportSize(viewport);
      await page.goto(`${classroom.url}/${lang}/author/`);
      await expect(page.getByText(t("author-lesson-problems", { n: 1 }))).toBeVisible();
      await a11y(page);
      await openDraft(page, classroom, lang);
      await a11y(page);
      await openDraft(page, classroom, lang, "/both");
      const pair = page.locator(".pair").nth(2).locator(".cell");
      await expect(pair).toHaveCount(2);
      const [left, right] = [(await pair.nth(0).boundingBox())!, (await pair.nth(1).boundingBox())!];
      if (viewport) expect(right.y).toBeGreaterThanOrEqual(left.y + left.height - 1);
      else expect([right.y, right.x > left.x]).toEqual([left.y, true]);
      await a11y(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wide, "nothing to scroll to the side").toBeLessThanOrEqual(0);
    }
  });
}

test("an exercise is tried by a click on a scratch machine", async ({ open, visitor, a11y, wordsOf }) => {
  const classroom = await open({ serve: ["--author"], machined: ["--pool", "0"] });
  const [page, t] = [await visitor("ko"), wordsOf("ko")];
  await openDraft(page, classroom, "ko");
  const exercise = page.locator(".draft-block", { has: page.locator("#publish-port") });
  const outcome = exercise.locator(".outcome");
  const press = (name: string) =>
    exercise.locator(".trial").getByRole("button", { name, exact: true }).click();

  await press(t("author-check"));
  await expect(outcome).toContainText(t("outcome-student-reads"), tried);
  await press(t("author-solution"));
  await expect(outcome).toContainText(t("outcome-as-meant"), tried);
  await expect(outcome).toContainText(t("outcome-pass"));
  await a11y(page);
  // The student's own button does the same as the check.
  await exercise.locator("#publish-port-check").click();
  await expect(outcome).toContainText(`${t("author-check")}: `, tried);
  await expect(outcome).toContainText(t("outcome-pass"));
  const machine = page.getByRole("complementary", { name: t("my-machine") });
  await expect(machine).toContainText(t("machine-ready"));
});
