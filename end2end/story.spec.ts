/** The whole path of an instructor and a student, on a real server with a real machine. */
import type { Locator, Page } from "@playwright/test";

import { expect, test } from "./support/fixtures.ts";
import {
  join,
  LessonPage,
  makeClass,
  modelsLesson,
  openClassroom,
  runLesson,
  student,
} from "./support/people.ts";
import { Terminal } from "./support/terminal.ts";
import { itemCount, langs } from "./support/words.ts";

for (const lang of langs) {
  test(`from the first link to the class's record (${lang})`, async ({
    open,
    visitor,
    a11y,
    wordsOf,
  }) => {
    const t = wordsOf(lang);
    const classroom = await open();
    const teacher = await visitor(lang);
    const learner = await visitor(lang);
    const lesson = new LessonPage(learner, runLesson, lang);
    const terminal = new Terminal(learner, t);
    let code = "";
    let address = "";
    let shell = "";

    await test.step("the instructor opens the link and makes a class", async () => {
      await teacher.goto(await classroom.setupLink(lang));
      await a11y(teacher);
      await openClassroom(teacher, classroom, lang);
      await a11y(teacher);
      code = await makeClass(teacher, t, "클라우드 1반");
      await a11y(teacher);
    });

    await test.step("anyone can read, and is invited to join", async () => {
      await lesson.open(classroom.url);
      await expect(lesson.machine).toContainText(t("invitation-title"));
      await a11y(learner);
    });

    await test.step("the student joins with the code and comes back to the lesson", async () => {
      await lesson.machine.getByRole("link", { name: t("join-a-class") }).click();
      await a11y(learner);
      await join(learner, classroom.url, lang, code.toLowerCase().replace("-", " "));
      await a11y(learner);
      await learner.getByRole("main").getByRole("link", { name: lesson.text.title }).click();
    });

    await test.step("the machine comes up beside the text", async () => {
      await expect(lesson.machine).toContainText(t("machine-ready"), { timeout: 60_000 });
      await terminal.prompt();
      await a11y(learner);
    });

    await test.step("the terminal speaks Korean and knows its size", async () => {
      await terminal.type("echo 한글-$((6*7))");
      await expect.poll(() => terminal.text()).toContain("한글-42");
      const columns = await terminal.answer("echo width=$(tput cols)", /^width=(\d+)$/m);
      await learner.setViewportSize({ width: 1700, height: 800 });
      await expect
        .poll(() => terminal.answer("echo width=$(tput cols)", /^width=(\d+)$/m))
        .not.toBe(columns);
      shell = await terminal.answer("echo shell=$$", /^shell=(\d+)$/m);
    });

    await test.step("the keyboard alone gets into the terminal and out of it", async () => {
      await terminal.field.focus();
      await learner.keyboard.press("Tab");
      await expect(terminal.field, "Tab belongs to the shell").toBeFocused();
      await learner.keyboard.press("F6");
      await expect(terminal.field).not.toBeFocused();
    });

    await test.step("the exercise ticks by itself", async () => {
      const exercise = lesson.exercise("publish-port");
      await expect(exercise).not.toContainText(t("exercise-done-long"));
      await terminal.type("docker run -d --name web -p 8080:80 nginx");
      await expect(exercise).toContainText(t("exercise-done-long"), { timeout: 60_000 });
    });

    await test.step("a wrong state gets feedback in the student's language", async () => {
      const exercise = lesson.exercise("run-clock");
      await exercise.getByRole("button", { name: t("check-now") }).click();
      await expect(exercise).toContainText(lesson.text.feedback("run-clock", "no-container"));
    });

    await test.step("the computed answer comes from the student's own machine", async () => {
      const exercise = lesson.exercise("web-address");
      const answer = exercise.getByLabel(t("exercise-answer"), { exact: true });
      await answer.fill("203.0.113.9");
      await answer.press("Enter");
      await expect(exercise).toContainText(t("exercise-wrong-answer"));
      address = await terminal.answer(
        "docker inspect web | grep -m1 '\"IPAddress\"'",
        /"IPAddress": "(\d+\.\d+\.\d+\.\d+)"/,
      );
      await answer.fill(address);
      await answer.press("Enter");
      await expect(exercise).toContainText(t("exercise-done-long"));
    });

    await test.step("a question is answered wrong, then right", async () => {
      await lesson.choose("two-on-80", false);
      const question = lesson.question("two-on-80");
      await expect(question).toContainText(t("question-wrong-long"));
      await expect(question).not.toContainText(lesson.text.explanation("two-on-80"));
      await lesson.choose("two-on-80", true);
      await expect(question).toContainText(t("question-right-long"));
      await expect(question).toContainText(lesson.text.explanation("two-on-80"));
      await a11y(learner);
    });

    await test.step("another lesson's question is left wrong", async () => {
      const models = new LessonPage(learner, modelsLesson, lang);
      await models.open(classroom.url);
      await models.choose("db-on-vm", false);
      await expect(models.question("db-on-vm")).toContainText(t("question-wrong-long"));
      await a11y(learner);
    });

    const everythingIsThere = async () => {
      await learner.goto(`${classroom.url}/${lang}/`);
      await expect(learner.getByRole("main")).toContainText(
        t("done-of", { done: 3, all: itemCount() }),
      );
      await teacher.reload();
      for (const [title, state] of [
        [lesson.text.titleOf("publish-port"), t("cell-done")],
        [lesson.text.titleOf("web-address"), t("cell-done")],
        [lesson.text.titleOf("image-count"), t("cell-untouched")],
      ] as const) {
        await expect(await cell(teacher, title), title).toHaveText(state);
      }
    };

    await test.step("student and instructor see the record", async () => {
      await everythingIsThere();
      await a11y(learner);
      await a11y(teacher);
    });

    await test.step("the server is killed, and is back with everything", async () => {
      await lesson.open(classroom.url);
      await terminal.prompt();
      await classroom.kill();
      await expect(learner.getByRole("alert")).toContainText(t("offline"));
      await classroom.serve();
      await expect(learner.getByRole("alert")).toBeHidden({ timeout: 60_000 });
      await everythingIsThere();
      await lesson.open(classroom.url);
      await terminal.prompt();
      await expect(lesson.exercise("publish-port")).toContainText(t("exercise-done"));
      expect(await terminal.answer("echo shell=$$", /^shell=(\d+)$/m)).toBe(shell);
      const names = await terminal.answer("echo names=$(docker ps --format {{.Names}})", /^names=(.*)$/m);
      expect(names).toBe("web");
    });
  });
}

/** The cell of the class's table for the student and the item with this title. */
async function cell(page: Page, title: string): Promise<Locator> {
  const row = page.getByRole("row").filter({
    has: page.getByRole("rowheader", { name: student.name }),
  });
  await expect(row).toBeVisible();
  // Counted from the right: the head has a row of lessons before the row of items.
  const heads = (await page.getByRole("columnheader").allTextContents()).map((head) => head.trim());
  const fromRight = heads.length - heads.indexOf(title);
  return row.getByRole("cell").nth((await row.getByRole("cell").count()) - fromRight);
}
