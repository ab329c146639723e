/** A machine's life beside the page: waiting for a place, sleeping, a warning, a fresh start. */
import path from "node:path";

import type { Page } from "@playwright/test";

import type { Classroom } from "./support/classroom.ts";
import { expect, test } from "./support/fixtures.ts";
import { join, LessonPage, makeClass, openClassroom, runLesson, student } from "./support/people.ts";
import { Terminal } from "./support/terminal.ts";
import { type Lang, langs, words } from "./support/words.ts";

/** A course whose checks cost next to nothing: those of an open page are a machine's work like any
 * other, and one at work does not fall asleep. */
const quiet = {
  content: path.join(import.meta.dirname, "../server/tests/http/course"),
  lesson: "machines/token",
};

/** How long a machine may take to come up, or to fall asleep, on a host with other work. */
const soon = { timeout: 60_000 };

/** Makes a class, in a browser of its own. Returns its code. */
async function makeFirstClass(page: Page, classroom: Classroom) {
  await openClassroom(page, classroom, "ko");
  return makeClass(page, words("ko"), "클라우드 1반");
}

/** Opens the lesson as a student of the class. */
async function openLesson(
  page: Page,
  classroom: Classroom,
  lang: Lang,
  code: string,
  { lesson: id, content }: { lesson: string; content?: string } = { lesson: runLesson },
) {
  await join(page, classroom.url, lang, code, { ...student, name: `학생 ${lang}` });
  const lesson = new LessonPage(page, id, lang, content);
  await lesson.open(classroom.url);
  return lesson;
}

test("who finds no place waits in line, and gets one", async ({ open, visitor, a11y, wordsOf }) => {
  const classroom = await open({ machined: ["--max-machines", "1", "--pool", "0"] });
  const code = await makeFirstClass(await visitor("ko"), classroom);
  const [first, second] = [await visitor("ko"), await visitor("en")];
  const t = { ko: wordsOf("ko"), en: wordsOf("en") };
  const early = await openLesson(first, classroom, "ko", code);
  await expect(early.machine).toContainText(t.ko("machine-ready"), soon);

  const late = await openLesson(second, classroom, "en", code);
  await expect(late.machine).toContainText(t.en("queued-title"));
  await expect(late.machine).toContainText(t.en("queue-place", { n: 1 }));
  await a11y(second);
  await late.choose("two-on-80", true);
  await expect(late.question("two-on-80")).toContainText(t.en("question-right-long"));

  await late.machine.getByRole("button", { name: t.en("queue-leave") }).click();
  await expect(late.machine).not.toContainText(t.en("queued-title"));
  await late.machine.getByRole("button", { name: t.en("turn-on") }).click();
  await expect(late.machine).toContainText(t.en("queue-place", { n: 1 }));

  await early.machine.getByRole("button", { name: t.ko("menu") }).click();
  await early.machine.getByRole("button", { name: t.ko("stop"), exact: true }).click();
  await expect(early.machine).toContainText(t.ko("stopped-title"), soon);
  await expect(early.machine).toContainText(t.ko("limit-keep"));
  await a11y(first);
  await expect(late.machine).toContainText(t.en("machine-ready"), soon);
  await new Terminal(second, t.en).prompt();
  await expect(second.getByRole("status")).toContainText(t.en("machine-ready"));
});

for (const lang of langs) {
  test(`a machine sleeps, and a key wakes it (${lang})`, async ({
    open,
    visitor,
    a11y,
    wordsOf,
  }) => {
    const t = wordsOf(lang);
    const classroom = await open({
      content: quiet.content,
      machined: ["--pool", "0", "--idle-freeze", "15s"],
    });
    const code = await makeFirstClass(await visitor("ko"), classroom);
    const page = await visitor(lang);
    const lesson = await openLesson(page, classroom, lang, code, quiet);
    const terminal = new Terminal(page, t);
    await terminal.prompt();
    await terminal.type("for n in $(seq 500); do echo tick-$n; sleep 1; done");

    await test.step("it falls asleep, with everything where it was", async () => {
      await expect(lesson.machine).toContainText(t("frozen-title"), soon);
      await expect(terminal.screen).toBeVisible();
      await expect(page.getByRole("status")).toContainText(t("machine-frozen"));
      await a11y(page);
      expect(await terminal.text()).toContain("tick-");
      // The page knows it a moment before the programs do.
      await expect(async () => {
        const ticks = await terminal.text();
        await page.waitForTimeout(3_000);
        expect(await terminal.text(), "its programs go on").toBe(ticks);
      }).toPass(soon);
    });

    await test.step("a key wakes it, and its programs go on", async () => {
      const ticks = await terminal.text();
      await terminal.field.focus();
      await page.keyboard.press("Enter");
      await expect(lesson.machine).not.toContainText(t("frozen-title"));
      await expect(terminal.field).toBeFocused();
      await expect.poll(() => terminal.text(), soon).not.toBe(ticks);
      // bash goes on with its loop when the `sleep` in it ends by itself in the same moment.
      await expect(async () => {
        await page.keyboard.press("Control+c");
        await expect.poll(() => terminal.text(), { timeout: 3_000 }).toMatch(/[$#]\s*$/);
      }).toPass(soon);
      await terminal.prompt();
      expect(await terminal.answer("echo sum=$((40+2))", /^sum=(\d+)$/m)).toBe("42");
    });

    await test.step("so does the button, by the keyboard", async () => {
      await expect(lesson.machine).toContainText(t("frozen-title"), soon);
      await lesson.machine.getByRole("button", { name: t("wake") }).focus();
      await page.keyboard.press("Enter");
      await expect(lesson.machine).not.toContainText(t("frozen-title"));
      await expect(lesson.machine, "the focus is not lost").toBeFocused();
    });
  });
}

test("a limit is told in the student's own time, and moved", async ({
  open,
  visitor,
  a11y,
  wordsOf,
}) => {
  const t = wordsOf("en");
  const classroom = await open({ machined: ["--pool", "0", "--lifetime", "250s"] });
  const code = await makeFirstClass(await visitor("ko"), classroom);
  const page = await visitor("en", { timezoneId: "Asia/Seoul" });
  const lesson = await openLesson(page, classroom, "en", code);
  await expect(lesson.machine).toContainText(t("soon-stop"), soon);
  const when = lesson.machine.locator("time");
  const at = new Date((await when.getAttribute("datetime"))!);
  const inSeoul = new Intl.DateTimeFormat("en", {
    hour: "numeric",
    minute: "2-digit",
    timeZone: "Asia/Seoul",
  });
  await expect(when).toContainText(inSeoul.format(at));
  await a11y(page);
  await lesson.machine.getByRole("button", { name: t("extend") }).click();
  await expect(lesson.machine).not.toContainText(t("soon-stop"));
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with" : "without";
  test(`a fresh start, by the keyboard, ${how} JavaScript`, async ({
    open,
    visitor,
    a11y,
    wordsOf,
  }) => {
    const t = wordsOf("ko");
    const classroom = await open({ machined: ["--pool", "0"] });
    const code = await makeFirstClass(await visitor("ko"), classroom);
    const page = await visitor("ko", { javaScriptEnabled });
    const lesson = await openLesson(page, classroom, "ko", code);
    const terminal = new Terminal(page, t);
    if (javaScriptEnabled) {
      await terminal.prompt();
      await terminal.type("touch mine; docker run -d --name web -p 8080:80 nginx");
      const exercise = lesson.exercise("publish-port");
      await expect(exercise).toContainText(t("exercise-done-long"), soon);
    } else {
      await expect(async () => {
        await page.reload();
        await expect(lesson.machine).toContainText(t("machine-ready"), { timeout: 500 });
      }).toPass(soon);
    }

    const question = page.getByRole("dialog", { name: t("reset-title") });
    await test.step("the question can be left", async () => {
      await lesson.machine.getByRole("button", { name: t("menu") }).focus();
      await page.keyboard.press("Enter");
      await lesson.machine.getByRole("button", { name: t("reset") }).focus();
      await page.keyboard.press("Enter");
      await expect(question).toContainText(t("reset-loses"));
      await expect(question).toContainText(t("reset-keeps"));
      await expect(question.getByRole("button", { name: t("cancel") })).toBeFocused();
      if (javaScriptEnabled) await a11y(page);
      await page.keyboard.press("Escape");
      await expect(question).toBeHidden();
    });

    await test.step("and answered", async () => {
      await lesson.machine.getByRole("button", { name: t("reset") }).focus();
      await page.keyboard.press("Enter");
      await question.getByRole("button", { name: t("cancel") }).press("Tab");
      await page.keyboard.press("Enter");
      await expect(question).toBeHidden();
      if (!javaScriptEnabled) {
        await expect(page.getByRole("heading", { level: 1 })).toHaveText(lesson.text.title);
        return;
      }
      await expect(lesson.machine, "the focus is not lost").toBeFocused();
      await expect(lesson.machine).toContainText(t("machine-ready"), soon);
      await terminal.prompt();
      const left = await terminal.answer("echo left=$(ls; docker ps -aq | wc -l)", /^left=(.*)$/m);
      expect(left).toBe("0");
      await expect(lesson.exercise("publish-port")).toContainText(t("exercise-done"));
      await page.reload();
      await expect(lesson.exercise("publish-port")).toContainText(t("exercise-done"));
    });
  });
}
