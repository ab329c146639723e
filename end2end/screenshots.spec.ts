/** The documentation's pictures, of a real classroom: `npm run screenshots`. */
import path from "node:path";

import type { Page } from "@playwright/test";

import { expect, test } from "./support/fixtures.ts";
import {
  join,
  LessonPage,
  makeClass,
  modelsLesson,
  openClassroom,
  runLesson,
} from "./support/people.ts";
import * as places from "./support/places.ts";
import { Terminal } from "./support/terminal.ts";
import { type Lang, langs, words } from "./support/words.ts";

/** A wide screen, and a phone as its pixels are. */
const shapes = {
  wide: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
};

/** A class as it might be in the third week. */
const names: Record<Lang, string[]> = {
  ko: ["홍길동", "김민준", "이서연", "박다은", "최지우", "정하윤"],
  en: ["Gildong Hong", "Minjun Kim", "Seoyeon Lee", "Daeun Park", "Jiwoo Choi", "Hayun Jeong"],
};

const teachers: Record<Lang, string> = { ko: "김선생", en: "Ms. Kim" };
const titles: Record<Lang, string> = { ko: "클라우드 1반", en: "Cloud, class 1" };

/** Questions of one choice, each with a share of the class that has answered it. */
const questions = [
  { lesson: modelsLesson, id: "db-on-vm", right: 5 },
  { lesson: modelsLesson, id: "graduate-account", right: 3 },
  { lesson: runLesson, id: "why-exited", right: 2 },
  { lesson: runLesson, id: "two-on-80", right: 1 },
];

for (const lang of langs) {
  test(`pictures (${lang})`, async ({ open, visitor }) => {
    test.slow();
    const t = words(lang);
    const classroom = await open();
    const teacher = await visitor(lang, { viewport: shapes.wide });
    const who = { name: teachers[lang], password: "a good password" };
    await openClassroom(teacher, classroom, lang, who);
    const code = await makeClass(teacher, t, titles[lang]);
    const pages: Page[] = [];
    for (const [n, name] of names[lang].entries()) {
      const page = await visitor(lang, { viewport: shapes.wide });
      pages.push(page);
      await join(page, classroom.url, lang, code, { name, password: "a good password" });
      for (const { lesson, id, right } of questions) {
        // The one after the last who was right has tried.
        if (n > right) continue;
        const here = new LessonPage(page, lesson, lang);
        await here.open(classroom.url);
        await here.choose(id, n < right);
        const said = n < right ? "question-right-long" : "question-wrong-long";
        await expect(here.question(id)).toContainText(t(said));
      }
      if (n > 0) await page.close();
    }

    const page = pages[0]!;
    const lesson = new LessonPage(page, runLesson, lang);
    const terminal = new Terminal(page, t);
    await lesson.open(classroom.url);
    await terminal.prompt();
    await terminal.type("docker run -d --name web -p 8080:80 nginx");
    const exercise = lesson.exercise("publish-port");
    await expect(exercise).toContainText(t("exercise-done-long"), { timeout: 60_000 });
    await terminal.type("curl -s localhost:8080 | grep title");
    await expect.poll(() => terminal.text()).toContain("<title>");

    await picture(page, `lesson.${lang}`, () => exercise.scrollIntoViewIfNeeded());
    await page.goto(`${classroom.url}/${lang}/`);
    await picture(page, `course.${lang}`);
    await teacher.reload();
    await picture(teacher, `class.${lang}`);
  });
}

/** The page in all shapes and colours, in view as `place` has it. */
async function picture(page: Page, name: string, place: () => Promise<void> = async () => {}) {
  for (const [shape, size] of Object.entries(shapes)) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.evaluate(() => document.fonts.ready);
      await place();
      const file = [name, shape === "phone" ? "phone" : "", colorScheme === "dark" ? "dark" : ""];
      await page.screenshot({
        path: path.join(places.pictures, `${file.filter(Boolean).join(".")}.png`),
        animations: "disabled",
        caret: "hide",
      });
    }
  }
}
