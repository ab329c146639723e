/** The class's hub, as its pages and a machine's terminal show it; and the glossary's page. */
import { expect, test } from "./support/fixtures.ts";
import { join, LessonPage, makeFirstClass, runLesson } from "./support/people.ts";
import { Terminal } from "./support/terminal.ts";
import type { Lang } from "./support/words.ts";

for (const lang of ["ko", "en"] as Lang[]) {
  test(`an image is shared, looked at and removed (${lang})`, async ({
    open,
    visitor,
    a11y,
    wordsOf,
  }) => {
    const t = wordsOf(lang);
    const classroom = await open();
    const teacher = await visitor(lang);
    const code = await makeFirstClass(teacher, classroom, lang);
    const page = await visitor(lang);
    await join(page, classroom.url, lang, code);
    const main = page.getByRole("main");

    // A name and a token, shown once.
    await page.goto(`${classroom.url}/${lang}/hub`);
    await a11y(page);
    await page.getByLabel(t("field-hub-name"), { exact: true }).fill("hong");
    await main.getByRole("button", { name: t("hub-new-token") }).click();
    const token = await main.getByText(/^gyh_/).textContent();
    await a11y(page);

    const lesson = new LessonPage(page, runLesson, lang);
    await lesson.open(classroom.url);
    await expect(lesson.machine).toContainText(t("machine-ready"), { timeout: 60_000 });
    const terminal = new Terminal(page, t);
    await terminal.prompt();
    const login = `echo ${token!.trim()} | docker login -u hong --password-stdin`;
    await terminal.answer(login, /(Login Succeeded)/);
    const push = "docker pull -q busybox && docker tag busybox hong/mine:1 && docker push -q hong/mine:1";
    await terminal.answer(push, /(docker\.io\/hong\/mine:1)\s*$/m, 60_000);

    // There it is, for everybody; the student's own to remove.
    await teacher.goto(`${classroom.url}/${lang}/hub`);
    await a11y(teacher);
    await teacher.getByRole("link", { name: "hong/mine" }).click();
    await expect(teacher.getByRole("heading", { level: 1 })).toContainText("hong/mine");
    await expect(teacher.getByRole("main")).toContainText("docker pull hong/mine:1");
    await a11y(teacher);
    await page.goto(`${classroom.url}/${lang}/hub/images/hong/mine`);
    await a11y(page);
    await main.getByRole("button", { name: /hong\/mine/ }).click();
    await page.goto(`${classroom.url}/${lang}/hub`);
    await expect(main.getByRole("link", { name: "nginx", exact: true })).toBeVisible();
    await expect(main.getByRole("link", { name: "hong/mine" })).toHaveCount(0);

    await page.goto(`${classroom.url}/${lang}/glossary`);
    await a11y(page);
  });
}
