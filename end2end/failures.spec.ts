/** What goes wrong in a classroom: said clearly, in the visitor's language, and nothing is lost. */
import path from "node:path";

import { expect, test } from "./support/fixtures.ts";
import {
  enter,
  instructor,
  join,
  LessonPage,
  makeFirstClass,
  modelsLesson,
  openClassroom,
  runLesson,
  signedInAs,
  student,
} from "./support/people.ts";
import { Terminal } from "./support/terminal.ts";
import { langs } from "./support/words.ts";

/** Wrong passwords that are heard for one name before it has to wait. */
const triesPerName = 5;

test("a link for the first instructor works once", async ({ open, visitor, a11y, wordsOf }) => {
  const classroom = await open({ machines: false });
  const [teacher, late, t] = [await visitor("ko"), await visitor("ko"), wordsOf("ko")];
  const link = await classroom.setupLink("ko");
  await openClassroom(teacher, classroom, "ko");
  await late.goto(link);
  await expect(late.getByRole("alert")).toContainText(t("setup-invalid-title"));
  await expect(late.getByLabel(t("field-password"), { exact: true })).toBeHidden();
  await a11y(late);
});

test("a wrong join code", async ({ open, visitor, a11y, wordsOf }) => {
  const classroom = await open({ machines: false });
  for (const lang of langs) {
    const [page, t] = [await visitor(lang), wordsOf(lang)];
    await page.goto(`${classroom.url}/${lang}/join`);
    const code = page.getByLabel(t("field-code"), { exact: true });
    await code.fill("AAAA-BBBB");
    await enter(page, t, student);
    await page.getByRole("button", { name: t("join"), exact: true }).click();
    await expect(page.getByText(t("trouble-no-such-code"))).toBeVisible();
    await expect(code).toHaveAccessibleDescription(t("trouble-no-such-code"));
    await expect(code).toHaveValue("AAAA-BBBB");
    await expect(page.getByLabel(t("field-name"), { exact: true })).toHaveValue(student.name);
    await a11y(page);
  }
});

test("a wrong password, and too many of them", async ({ open, visitor, a11y, wordsOf }) => {
  const classroom = await open({ machines: false });
  const teacher = await visitor("ko");
  await makeFirstClass(teacher, classroom, "ko");
  for (const lang of langs) {
    const [page, t] = [await visitor(lang), wordsOf(lang)];
    const signIn = async (who: { name: string; password: string }) => {
      await page.goto(`${classroom.url}/${lang}/sign-in`);
      await enter(page, t, who);
      await page.getByRole("main").getByRole("button", { name: t("sign-in") }).click();
    };
    // A name of its own for each language: one that nobody has is answered as one that somebody has.
    const who = lang === "ko" ? instructor.name : "nobody";
    for (let n = 0; n < triesPerName; n++) {
      await signIn({ name: who, password: `wrong-password-${n}` });
      await expect(page.getByRole("alert")).toHaveText(t("trouble-wrong-password"));
      await expect(page.getByLabel(t("field-name"), { exact: true })).toHaveValue(who);
    }
    await a11y(page);
    await signIn({ name: who, password: instructor.password });
    await expect(page.getByRole("alert")).toHaveText(t("trouble-too-many", { n: 1 }));
    await a11y(page);
    // Somebody else is not made to wait.
    await signIn({ name: `${who} 2`, password: "wrong-password" });
    await expect(page.getByRole("alert")).toHaveText(t("trouble-wrong-password"));
  }
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with" : "without";
  test(`a session that ends while answering, ${how} JavaScript`, async ({
    open,
    visitor,
    a11y,
    wordsOf,
  }) => {
    const classroom = await open({ machines: false });
    const t = wordsOf("ko");
    const code = await makeFirstClass(await visitor("ko"), classroom, "ko");
    const page = await visitor("ko", { javaScriptEnabled });
    await join(page, classroom.url, "ko", code);
    const lesson = new LessonPage(page, modelsLesson, "ko");
    // The page listens by then: a later request would lose the cookie, and with it the sign that there was one.
    const listens = javaScriptEnabled && page.waitForResponse((response) => /\/live\?/.test(response.url()));
    await lesson.open(classroom.url);
    await listens;

    // The cookie of a session that the server has no more.
    const cookies = await page.context().cookies();
    const session = cookies.find(({ httpOnly }) => httpOnly)!;
    await page.context().addCookies([{ ...session, value: "A".repeat(session.value.length) }]);

    await lesson.choose("db-on-vm", true);
    const question = lesson.question("db-on-vm");
    if (javaScriptEnabled) {
      await expect(question).toContainText(t("session-lapsed-here"));
      await question.getByRole("link", { name: t("sign-in") }).click();
    }
    await expect(page.getByRole("alert")).toHaveText(t("trouble-lapsed"));
    if (javaScriptEnabled) await a11y(page);
    await enter(page, t, student);
    await page.getByRole("main").getByRole("button", { name: t("sign-in") }).click();

    // Back at the question, with the answer as it was chosen.
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(lesson.text.title);
    const choice = question.getByRole("radio", { name: lesson.text.choice("db-on-vm", true) });
    await expect(choice).toBeChecked();
    await question.getByRole("button").click();
    await expect(question).toContainText(t("question-right-long"));
    await lesson.open(classroom.url);
    await expect(question).toContainText(t("question-right-long"));
  });
}

test("without JavaScript a lesson is read and a quiz answered", async ({
  open,
  visitor,
  wordsOf,
}) => {
  const classroom = await open({ machines: false });
  for (const lang of langs) {
    const [page, t] = [await visitor(lang, { javaScriptEnabled: false }), wordsOf(lang)];
    const run = new LessonPage(page, runLesson, lang);
    await run.open(classroom.url);
    await expect(run.exercise("publish-port")).toContainText(t("exercise-signed-out"));
    await expect(run.machine).toContainText(t("invitation-title"));
    const lesson = new LessonPage(page, modelsLesson, lang);
    await lesson.open(classroom.url);
    await expect(page.getByRole("table").first()).toBeVisible();
    if (lang === langs[0]) {
      const code = await makeFirstClass(await visitor(lang), classroom, lang);
      await join(page, classroom.url, lang, code);
    } else {
      await page.goto(`${classroom.url}/${lang}/sign-in`);
      await enter(page, t, student);
      await page.getByRole("main").getByRole("button", { name: t("sign-in") }).click();
    }
    await lesson.open(classroom.url);
    const id = lang === langs[0] ? "db-on-vm" : "graduate-account";
    const question = lesson.question(id);
    await lesson.choose(id, false);
    await expect(question).toContainText(t("question-wrong-long"));
    await lesson.choose(id, true);
    await expect(question).toContainText(t("question-right-long"));
    await expect(question).toContainText(lesson.text.explanation(id));
  }
});

test("a classroom without a machine image", async ({ open, visitor, a11y, wordsOf }) => {
  const classroom = await open({ machines: false });
  const code = await makeFirstClass(await visitor("ko"), classroom, "ko");
  for (const lang of langs) {
    const [page, t] = [await visitor(lang), wordsOf(lang)];
    await join(page, classroom.url, lang, code, { ...student, name: `학생 ${lang}` });
    const lesson = new LessonPage(page, runLesson, lang);
    await lesson.open(classroom.url);
    await expect(lesson.machine).toContainText(t("no-image-title"));
    await expect(lesson.machine).toContainText(t("no-image-text"));
    await lesson.exercise("publish-port").getByRole("button", { name: t("check-now") }).click();
    await expect(lesson.exercise("publish-port")).toContainText(t("exercise-waiting-long"));
    await lesson.choose("two-on-80", true);
    await expect(lesson.question("two-on-80")).toContainText(t("question-right-long"));
    await a11y(page);
  }
});

test("a disk without space", async ({ open, visitor, a11y, wordsOf }) => {
  const classroom = await open({ space: "200M" });
  const t = wordsOf("ko");
  const code = await makeFirstClass(await visitor("ko"), classroom, "ko");
  const page = await visitor("ko");
  await join(page, classroom.url, "ko", code);
  const lesson = new LessonPage(page, runLesson, "ko");
  await lesson.open(classroom.url);
  await expect(lesson.machine).toContainText(t("no-space-title"));
  await a11y(page);

  await lesson.choose("two-on-80", false);
  const question = lesson.question("two-on-80");
  await expect(question).toContainText(t("question-wrong-long"));
  const fill = await classroom.fill();
  await lesson.choose("two-on-80", true);
  // Not recorded, and so not called right; what was chosen is still there.
  await expect(page.getByRole("alert")).toBeVisible();
  const choice = question.getByRole("radio", { name: lesson.text.choice("two-on-80", true) });
  await expect(choice).toBeChecked();
  await fill.remove();
  await question.getByRole("button").click();
  await expect(question).toContainText(t("question-right-long"));
  await lesson.open(classroom.url);
  await expect(question).toContainText(t("question-right-long"));
});

test("a check that hangs is stopped, and the machine goes on", async ({
  open,
  visitor,
  a11y,
  wordsOf,
}) => {
  const content = path.join(import.meta.dirname, "fixtures/hanging");
  const classroom = await open({ content });
  const code = await makeFirstClass(await visitor("ko"), classroom, "ko");
  for (const lang of langs) {
    const [page, t] = [await visitor(lang), wordsOf(lang)];
    await join(page, classroom.url, lang, code, { ...student, name: `학생 ${lang}` });
    const lesson = new LessonPage(page, "checks/hang", lang, content);
    await lesson.open(classroom.url);
    await expect(lesson.machine).toContainText(t("machine-ready"), { timeout: 60_000 });
    const exercise = lesson.exercise("wait");
    await exercise.getByRole("button", { name: t("check-now") }).click();
    await expect(exercise).toContainText(t("exercise-timed-out"), { timeout: 40_000 });
    const terminal = new Terminal(page, t);
    await terminal.prompt();
    expect(await terminal.answer("echo sum=$((40+2))", /^sum=(\d+)$/m)).toBe("42");
    await a11y(page);
  }
});

test("a name that looks like markup is only a name", async ({ open, visitor, wordsOf }) => {
  const classroom = await open({ machines: false });
  const [teacher, page, t] = [await visitor("en"), await visitor("en"), wordsOf("en")];
  const code = await makeFirstClass(teacher, classroom, "en");
  const name = "<img src=x onerror=alert(1)>";
  await join(page, classroom.url, "en", code, { ...student, name });
  await expect(signedInAs(page, name)).toBeVisible();
  await teacher.reload();
  await expect(teacher.getByRole("rowheader", { name })).toHaveText(name);
  await expect(teacher.locator("img[src=x]")).toHaveCount(0);
  await page.goto(`${classroom.url}/en/classes`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(t("forbidden-title"));
  await page.goto(`${classroom.url}/en/lessons/no/such`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(t("not-found-title"));
});
