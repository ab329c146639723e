/** What visitors do on the pages, by what they see there. */
import { expect, type Page } from "@playwright/test";

import type { Classroom } from "./classroom.ts";
import { type Lang, LessonText, type Words, words } from "./words.ts";

/** The lesson with exercises, and the one with questions only. */
export const runLesson = "containers/run";
export const modelsLesson = "cloud/service-models";

export const instructor = { name: "김선생", password: "칠판과 분필 7" };
export const student = { name: "홍길동", password: "gildong-1443" };

/** Makes the first instructor through the printed link; ends on the page of classes. */
export async function openClassroom(
  page: Page,
  classroom: Classroom,
  lang: Lang,
  who = instructor,
) {
  const t = words(lang);
  await page.goto(await classroom.setupLink(lang));
  await enter(page, t, who);
  await page.getByRole("button", { name: t("open-classroom") }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(t("classes"));
}

/** Makes a class on the page of classes; ends on the page of the class. Returns its code. */
export async function makeClass(page: Page, t: Words, title: string): Promise<string> {
  await page.getByLabel(t("field-title"), { exact: true }).fill(title);
  await page.getByRole("button", { name: t("create") }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(title);
  const code = await page.getByText(/^\w{4}-\w{4}$/).textContent();
  return code!.trim();
}

/** Makes the first instructor, and a class with its page on theirs. Returns its code. */
export async function makeFirstClass(page: Page, classroom: Classroom, lang: Lang) {
  await openClassroom(page, classroom, lang);
  return makeClass(page, words(lang), "클라우드 1반");
}

/** Joins a class; ends on the page where the student was, or the course. */
export async function join(page: Page, url: string, lang: Lang, code: string, who = student) {
  const t = words(lang);
  await page.goto(`${url}/${lang}/join`);
  await page.getByLabel(t("field-code"), { exact: true }).fill(code);
  await enter(page, t, who);
  await page.getByRole("button", { name: t("join"), exact: true }).click();
  await expect(signedInAs(page, who.name)).toBeVisible();
}

/** Fills in name and password of the form on the page. */
export async function enter(page: Page, t: Words, who: { name: string; password: string }) {
  await page.getByLabel(t("field-name"), { exact: true }).fill(who.name);
  await page.getByLabel(t("field-password"), { exact: true }).fill(who.password);
}

/** The header's sign of who is signed in. */
export const signedInAs = (page: Page, name: string) =>
  page.getByRole("banner").getByText(name, { exact: true });

/** A lesson's page: its exercises, questions and machine, found by their titles. */
export class LessonPage {
  readonly text: LessonText;
  readonly t: Words;

  constructor(
    readonly page: Page,
    readonly lesson: string,
    readonly lang: Lang,
    content?: string,
  ) {
    this.text = new LessonText(lesson, lang, content);
    this.t = words(lang);
  }

  async open(url: string) {
    await this.page.goto(`${url}/${this.lang}/lessons/${this.lesson}`);
    await expect(this.page.getByRole("heading", { level: 1 })).toHaveText(this.text.title);
  }

  get machine() {
    return this.page.getByRole("complementary", { name: this.t("my-machine") });
  }

  exercise(id: string) {
    return this.page.getByRole("region", { name: this.text.titleOf(id) });
  }

  question(id: string) {
    const fields = this.page.getByRole("group", { name: this.text.titleOf(id), exact: true });
    return this.page.locator("form").filter({ has: fields });
  }

  /** Answers a question of one choice, right or wrong. */
  async choose(id: string, right: boolean) {
    const question = this.question(id);
    await question.getByRole("radio", { name: this.text.choice(id, right) }).check();
    await question.getByRole("button").click();
  }
}
