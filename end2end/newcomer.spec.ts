/** Somebody new: from the join link to the first exercise, and never without a way back. */
import type { Page } from "@playwright/test";

import { expect, test } from "./support/fixtures.ts";
import { LessonPage, makeClass, openClassroom, runLesson, student } from "./support/people.ts";
import { Terminal } from "./support/terminal.ts";
import type { Words } from "./support/words.ts";

/** How long somebody who knows what to type may take, in milliseconds. */
const within = 180_000;
/** Between two keys, in milliseconds: some 100 words a minute would be 120. */
const key = 120;
/** Before each click: the eye finds the place, the hand goes there. */
const look = 1_500;

test("a newcomer has ticked an exercise within three minutes", async ({
  open,
  visitor,
  wordsOf,
}) => {
  test.setTimeout(within + 120_000);
  const t = wordsOf("ko");
  const classroom = await open();
  const teacher = await visitor("ko");
  await openClassroom(teacher, classroom, "ko");
  const code = await makeClass(teacher, t, "클라우드 1반");
  const page = await visitor("ko");
  const lesson = new LessonPage(page, runLesson, "ko");
  const begun = Date.now();

  const click = async (name: string, role: "link" | "button" = "link") => {
    await page.waitForTimeout(look);
    await page.getByRole("main").getByRole(role, { name }).first().click();
  };
  const type = async (field: string, text: string) => {
    await page.waitForTimeout(look);
    await page.getByLabel(t(field), { exact: true }).click();
    await page.keyboard.type(text, { delay: key });
  };
  await page.goto(`${classroom.url}/ko/join?code=${code}`);
  await type("field-name", student.name);
  await type("field-password", student.password);
  await click(t("join"), "button");
  await click(lesson.text.title);
  await expect(lesson.machine).toContainText(t("machine-ready"), { timeout: 60_000 });
  const terminal = new Terminal(page, t);
  await terminal.prompt();
  await page.waitForTimeout(look);
  await terminal.field.focus();
  await page.keyboard.type("docker run -d --name web -p 8080:80 nginx", { delay: key });
  await page.keyboard.press("Enter");
  const exercise = lesson.exercise("publish-port");
  await expect(exercise).toContainText(t("exercise-done-long"), { timeout: 60_000 });
  const took = Date.now() - begun;
  console.log(`from the join link to the first tick: ${Math.round(took / 1000)} s`);
  expect(took).toBeLessThanOrEqual(within);
});

/** Whether the page shows a way back to the course, in its header or its text. */
async function hasWayBack(page: Page, t: Words) {
  const home = page.getByRole("banner").getByRole("link", { name: t("site-name"), exact: true });
  await expect(home, page.url()).toBeVisible();
  await expect(home, page.url()).toHaveAttribute("href", "/ko/");
}

/** Goes to every page that links lead to, and to what is no page. */
async function walk(page: Page, url: string, t: Words) {
  const known = new Set(["/ko/", "/ko/no-such-page", "/ko/lessons/no/such", "/ko/join"]);
  for (const path of known) {
    const response = await page.goto(url + path);
    expect(response!.status(), path).toBeLessThan(500);
    await hasWayBack(page, t);
    const links = await page.locator("a[href]:not([download])").evaluateAll((all) =>
      all.map((a) => (a as HTMLAnchorElement).pathname + (a as HTMLAnchorElement).search),
    );
    // What grows with each look, as the way to sign in and back, leads nowhere new.
    const pages = links.filter((link) => link.startsWith("/ko/") && !/next=|\.\w+$/.test(link));
    for (const link of pages) known.add(link);
  }
  return known.size;
}

test("no page is without a way back", async ({ open, visitor, wordsOf }) => {
  test.setTimeout(300_000);
  const t = wordsOf("ko");
  const classroom = await open({ machines: false });
  const teacher = await visitor("ko");
  await openClassroom(teacher, classroom, "ko");
  const code = await makeClass(teacher, t, "클라우드 1반");
  const learner = await visitor("ko");
  await learner.goto(`${classroom.url}/ko/join?code=${code}`);
  await learner.getByLabel(t("field-name"), { exact: true }).fill(student.name);
  await learner.getByLabel(t("field-password"), { exact: true }).fill(student.password);
  await learner.getByRole("button", { name: t("join"), exact: true }).click();
  // The class's page has a row for the student, whose page is walked to as well.
  for (const page of [await visitor("ko"), learner, teacher]) {
    const count = await walk(page, classroom.url, t);
    expect(count).toBeGreaterThan(10);
  }
  const forbidden = await learner.goto(`${classroom.url}/ko/classes`);
  expect(forbidden!.status()).toBe(403);
  await hasWayBack(learner, t);
});
