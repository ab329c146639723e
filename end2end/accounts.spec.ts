/** Accounts, a class's roster and the instructors, as people use them on the pages. */
import { readFile } from "node:fs/promises";

import type { Page } from "@playwright/test";

import { expect, test } from "./support/fixtures.ts";
import {
  enter,
  instructor,
  join,
  makeClass,
  openClassroom,
  signedInAs,
  student,
} from "./support/people.ts";
import { type Lang, langs, words, type Words } from "./support/words.ts";

const another = "another-1443";

/** Opens one's own account by the header's menu. */
async function openAccount(page: Page, t: Words, name: string) {
  await signedInAs(page, name).click();
  await page.getByRole("banner").getByRole("link", { name: t("account"), exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
}

async function signIn(page: Page, url: string, lang: Lang, who: typeof student) {
  const t = words(lang);
  await page.goto(`${url}/${lang}/sign-in`);
  await enter(page, t, who);
  const form = page.getByRole("main").locator("form");
  await form.getByRole("button", { name: t("sign-in"), exact: true }).click();
}

/** A section of a page by its heading. A table in it that scrolls is called the same. */
const section = (page: Page, name: string) =>
  page.getByRole("region", { name, exact: true }).first();

for (const lang of langs) {
  test(`one's own account (${lang})`, async ({ open, visitor, a11y, wordsOf }) => {
    const t = wordsOf(lang);
    const classroom = await open({ machines: false });
    const teacher = await visitor(lang);
    await openClassroom(teacher, classroom, lang);
    const code = await makeClass(teacher, t, "클라우드 1반");
    const here = await visitor(lang);
    await join(here, classroom.url, lang, code);
    const elsewhere = await visitor(lang);
    const isOut = async (page: Page) => {
      await page.goto(`${classroom.url}/${lang}/account`);
      await expect(page.getByRole("heading", { level: 1 })).toHaveText(t("sign-in"));
    };
    await openAccount(here, t, student.name);
    await a11y(here);

    await test.step("another password ends all other sign-ins", async () => {
      await signIn(elsewhere, classroom.url, lang, student);
      await expect(signedInAs(elsewhere, student.name)).toBeVisible();
      const form = section(here, t("change-password"));
      await form.getByLabel(t("field-old-password"), { exact: true }).fill("not the password");
      await form.getByLabel(t("field-new-password"), { exact: true }).fill(another);
      await form.getByRole("button").click();
      await expect(here.getByRole("alert").first()).toContainText(t("trouble-not-your-password"));
      await a11y(here);
      await form.getByLabel(t("field-old-password"), { exact: true }).fill(student.password);
      await form.getByLabel(t("field-new-password"), { exact: true }).fill(another);
      await form.getByRole("button").click();
      await expect(here.getByRole("status").first()).toHaveText(t("account-done-password"));
      await a11y(here);
      await isOut(elsewhere);
    });

    await test.step("all browsers are listed, and signed out at once", async () => {
      await signIn(elsewhere, classroom.url, lang, { ...student, password: another });
      await expect(signedInAs(elsewhere, student.name)).toBeVisible();
      await here.reload();
      const listed = section(here, t("sign-ins"));
      await expect(listed.getByRole("row")).toHaveCount(3);
      await expect(listed).toContainText(t("sign-in-this"));
      await listed.getByRole("button", { name: t("sign-out-everywhere") }).click();
      await isOut(elsewhere);
      await isOut(here);
    });

    await test.step("what is on record is taken along, and then deleted", async () => {
      await signIn(here, classroom.url, lang, { ...student, password: another });
      await openAccount(here, t, student.name);
      const download = here.waitForEvent("download");
      await section(here, t("my-data")).getByRole("link", { name: t("export-my-data") }).click();
      const mine = JSON.parse(await readFile(await (await download).path(), "utf8"));
      expect(mine.account.name).toBe(student.name);
      expect(mine.classes).toHaveLength(1);
      const form = section(here, t("delete-account"));
      await form.getByLabel(t("field-own-name"), { exact: true }).fill("김철수");
      await form.getByLabel(t("field-own-password"), { exact: true }).fill(another);
      await form.getByRole("button").click();
      await expect(form).toContainText(t("trouble-not-your-name"));
      await a11y(here);
      await form.getByLabel(t("field-own-name"), { exact: true }).fill(student.name);
      await form.getByLabel(t("field-own-password"), { exact: true }).fill(another);
      await form.getByRole("button").click();
      await expect(signedInAs(here, student.name)).toBeHidden();
      await signIn(here, classroom.url, lang, { ...student, password: another });
      await expect(here.getByRole("alert").first()).toContainText(t("trouble-wrong-password"));
      await teacher.reload();
      await expect(teacher.getByRole("main")).not.toContainText(student.name);
    });
  });

  test(`a class's roster and the instructors (${lang})`, async ({
    open,
    visitor,
    a11y,
    wordsOf,
  }) => {
    const t = wordsOf(lang);
    const classroom = await open({ machines: false });
    const teacher = await visitor(lang);
    await openClassroom(teacher, classroom, lang);
    const code = await makeClass(teacher, t, "클라우드 1반");
    const learner = await visitor(lang);
    await join(learner, classroom.url, lang, code);
    const row = teacher.getByRole("row").filter({ hasText: student.name });
    await teacher
      .getByRole("navigation", { name: t("class-nav") })
      .getByRole("link", { name: t("roster"), exact: true })
      .click();
    await expect(teacher.getByRole("heading", { level: 1 })).toHaveText(t("roster"));
    await a11y(teacher);

    await test.step("the code is closed, opened for today, and changed", async () => {
      const codes = section(teacher, t("field-code"));
      const late = await visitor(lang);
      const isRefused = async () => {
        await late.goto(`${classroom.url}/${lang}/join?code=${code}`);
        await enter(late, t, { name: "임꺽정", password: "a good password" });
        await late.getByRole("button", { name: t("join"), exact: true }).click();
        await expect(late.getByRole("main")).toContainText(t("trouble-no-such-code"));
      };
      await codes.getByRole("button", { name: t("code-close"), exact: true }).click();
      await expect(codes).toContainText(t("code-closed"));
      await isRefused();
      await a11y(late);
      await codes.getByRole("button", { name: t("code-today"), exact: true }).click();
      await expect(codes).toContainText(t("code-until", { when: "" }).trim().split(" ")[0]!);
      await a11y(teacher);
      await codes.getByRole("button", { name: t("code-renew"), exact: true }).click();
      await expect(codes).toContainText(t("code-stands"));
      await expect(codes).not.toContainText(code);
      await isRefused();
    });

    await test.step("who forgot the password is given one, and signed out", async () => {
      const name = t("reset-password-of", { name: student.name });
      await row.getByRole("button", { name }).click();
      const given = teacher.getByRole("status").first();
      await expect(given).toContainText(student.name);
      const password = (await given.locator("code").textContent())!;
      await a11y(teacher);
      await learner.goto(`${classroom.url}/${lang}/account`);
      await expect(learner.getByRole("heading", { level: 1 })).toHaveText(t("sign-in"));
      await signIn(learner, classroom.url, lang, { ...student, password });
      await expect(signedInAs(learner, student.name)).toBeVisible();
    });

    await test.step("who is put out of the class is not on its roster", async () => {
      const name = t("remove-from-class-of", { name: student.name });
      await row.getByRole("button", { name }).click();
      await expect(teacher.getByRole("main")).toContainText(t("roster-empty"));
    });

    await test.step("an admin makes an instructor, who teaches here as well", async () => {
      const banner = teacher.getByRole("banner");
      await banner.getByRole("link", { name: t("instructors"), exact: true }).click();
      await expect(teacher.getByRole("heading", { level: 1 })).toHaveText(t("instructors"));
      await a11y(teacher);
      const form = section(teacher, t("new-instructor"));
      await form.getByLabel(t("field-name"), { exact: true }).fill(instructor.name);
      await form.getByRole("button", { name: t("create"), exact: true }).click();
      await expect(form).toContainText(t("trouble-name-taken"));
      await form.getByLabel(t("field-name"), { exact: true }).fill("박선생");
      await form.getByRole("button", { name: t("create"), exact: true }).click();
      const given = teacher.getByRole("status").first();
      const password = (await given.locator("code").textContent())!;
      await a11y(teacher);
      const second = await visitor(lang);
      await signIn(second, classroom.url, lang, { name: "박선생", password });
      const seconds = second.getByRole("banner");
      await expect(seconds.getByRole("link", { name: t("classes"), exact: true })).toBeVisible();
      await expect(seconds.getByRole("link", { name: t("instructors"), exact: true })).toBeHidden();
      const make = t("make-admin-of", { name: "박선생" });
      await teacher.getByRole("button", { name: make }).click();
      await expect(teacher.getByRole("button", { name: make })).toBeHidden();
      // What the page shows of who one is, it shows at the next request.
      await second.reload();
      await expect(seconds.getByRole("link", { name: t("instructors"), exact: true })).toBeVisible();
    });
  });
}
