/** An instructor's view of a class that works: the grid follows, names are text, its pages are accessible. */
import type { Page } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import { join, LessonPage, makeClass, modelsLesson, openClassroom } from "./support/people.ts";

/** How far the grid may lag, in milliseconds. */
const within = 2_000;

const names = ["홍길동", "<img src=x onerror=alert(1)>"];

test("the grid follows two students, and the pages of the class are accessible", async ({
  open,
  visitor,
  a11y,
  wordsOf,
}) => {
  test.slow();
  const t = wordsOf("ko");
  const classroom = await open();
  const teacher = await visitor("ko");
  await openClassroom(teacher, classroom, "ko");
  const code = await makeClass(teacher, t, "클라우드 1반");
  const row = (name: string) => teacher.getByRole("row").filter({ hasText: name });

  const students: Page[] = [];
  for (const name of names) {
    const page = await visitor("ko");
    await join(page, classroom.url, "ko", code, { name, password: "a good password" });
    // Who joins gets a row on the page that is open.
    await expect(row(name)).toBeVisible();
    students.push(page);
  }

  await test.step("an answer shows within two seconds", async () => {
    const lesson = new LessonPage(students[0]!, modelsLesson, "ko");
    await lesson.open(classroom.url);
    await lesson.choose("db-on-vm", false);
    await expect(lesson.question("db-on-vm")).toContainText(t("question-wrong-long"));
    await expect(row(names[0]!)).toContainText(t("cell-trying"), { timeout: within });
    // Who is at work stands above who is not.
    await expect(teacher.locator("#students tr").first()).toContainText(names[0]!);
  });

  await test.step("what is said to the class is read and put away", async () => {
    await teacher.getByText(t("announce"), { exact: true }).click();
    await teacher.getByLabel(t("announcement")).fill("<b>쉬는 시간입니다</b>");
    await teacher.getByRole("button", { name: t("announce-now") }).click();
    await students[1]!.goto(`${classroom.url}/ko/`);
    const said = students[1]!.getByRole("complementary", { name: t("announcements") });
    await expect(said).toContainText("<b>쉬는 시간입니다</b>");
    await a11y(students[1]!);
    await said.getByRole("button", { name: t("announcement-heard") }).click();
    await expect(said).toBeHidden();
  });

  await test.step("the pages of the class are accessible", async () => {
    await a11y(teacher);
    const pages = teacher.getByRole("navigation", { name: t("class-nav") });
    for (const word of ["class-mastery", "class-questions", "class-assignments", "class-now"]) {
      await pages.getByRole("link", { name: t(word), exact: true }).click();
      await expect(pages.locator("[aria-current=page]")).toHaveText(t(word));
      await a11y(teacher);
    }
  });
});
