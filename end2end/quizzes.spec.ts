/** Questions of all kinds and quizzes: by keyboard, on a phone, and over a network that fails. */
import type { Locator, Page } from "@playwright/test";

import { expect, test } from "./support/fixtures.ts";
import { join, LessonPage, makeClass, openClassroom, runLesson } from "./support/people.ts";
import { langs } from "./support/words.ts";

const phone = { width: 390, height: 844 };

/** A lesson's question of each kind. */
const kinds = {
  single: "why-exited",
  multiple: "after-rm",
  short: "port-mapping",
  number: "image-count",
  order: "what-run-does",
  match: "read-the-error",
};

/** Answers whatever is asked in `block`, by keys alone. */
async function answerByKeys(page: Page, block: Locator) {
  const kind = await block.getAttribute("data-kind");
  const first = (selector: string) => block.locator(selector).first();
  if (kind === "single" || kind === "multiple") {
    await first(".choice input").focus();
    await page.keyboard.press("Space");
  } else if (kind === "order") {
    await first("[data-move='1']").focus();
    await page.keyboard.press("Enter");
  } else if (kind === "match") {
    for (const select of await block.locator("select").all()) {
      await select.focus();
      await page.keyboard.press("ArrowDown");
    }
  } else {
    await first("input[name$='text']").focus();
    await page.keyboard.type("3");
  }
}

const draftsOf = (page: Page) =>
  page.evaluate(() => Object.keys(localStorage).filter((name) => name.startsWith("gyosil.draft.")));

for (const lang of langs) {
  test(`all kinds by keyboard on a phone, and a quiz (${lang})`, async ({
    open,
    visitor,
    a11y,
    wordsOf,
  }, info) => {
    const t = wordsOf(lang);
    const classroom = await open({ machines: false });
    const teacher = await visitor(lang);
    await openClassroom(teacher, classroom, lang);
    const code = await makeClass(teacher, t, "클라우드 1반");
    const page = await visitor(lang);
    await page.setViewportSize(phone);
    await join(page, classroom.url, lang, code);
    const shoot = async (name: string) =>
      page.screenshot({ path: info.outputPath(`${name}-${lang}.png`), fullPage: true });

    const lesson = new LessonPage(page, runLesson, lang);
    await lesson.open(classroom.url);

    await test.step("an order is moved by keys, and what is entered outlives the page", async () => {
      const order = lesson.question(kinds.order);
      const names = () => order.locator("li > span:not(.moves)").allInnerTexts();
      const before = await names();
      await answerByKeys(page, order);
      const after = await names();
      expect(after.slice(0, 2)).toEqual([before[1], before[0]]);
      await expect(order.locator("[data-move='1']").nth(1)).toBeFocused();
      await expect(page.locator("#announcer")).toContainText(`2 / ${before.length}`);
      const number = lesson.question(kinds.number).getByRole("textbox");
      await number.fill("7");
      await page.reload();
      await expect(number).toHaveValue("7");
      expect(await names()).toEqual(after);
    });

    await test.step("dragged by its grip", async () => {
      const order = lesson.question(kinds.order);
      const rows = order.locator("li");
      const first = await rows.first().locator("> span:not(.moves)").innerText();
      await rows.first().scrollIntoViewIfNeeded();
      const grip = (await rows.first().locator(".grip").boundingBox())!;
      const last = (await rows.last().boundingBox())!;
      await page.mouse.move(grip.x + grip.width / 2, grip.y + grip.height / 2);
      await page.mouse.down();
      await page.mouse.move(grip.x, last.y + last.height - 2, { steps: 20 });
      await page.mouse.up();
      await expect(rows.last()).toContainText(first);
      await expect(rows.last().locator("select")).toHaveValue(String((await rows.count()) - 1));
    });

    await test.step("each kind is answered by keys, and then no draft is left", async () => {
      for (const [kind, id] of Object.entries(kinds)) {
        const question = lesson.question(id);
        await expect(question).toHaveAttribute("data-kind", kind);
        await answerByKeys(page, question);
        await question.getByRole("button", { name: t("give-answer"), exact: true }).focus();
        await page.keyboard.press("Enter");
        await expect(question).toHaveAttribute("data-state", /right|wrong/);
      }
      expect(await draftsOf(page)).toEqual([]);
      await a11y(page);
      await shoot("lesson");
    });

    await test.step("a quiz asks once about what has no answer, over a network that fails", async () => {
      await page.goto(`${classroom.url}/${lang}/`);
      await page.getByRole("link", { name: t("quiz-link") }).last().click();
      await a11y(page);
      await shoot("quiz");
      const blocks = page.locator("section.quiz");
      const count = await blocks.count();
      for (let n = 0; n < count - 1; n++) await answerByKeys(page, blocks.nth(n));
      await page.reload();
      const handIn = page.getByRole("button", { name: t("hand-in"), exact: true });
      await handIn.focus();
      await page.keyboard.press("Enter");
      await expect(page.locator("#hand-in")).toContainText(t("quiz-unanswered", { n: 1 }));
      await a11y(page);
      // The server takes it, but its reply is lost: it is sent again by itself.
      let lost = 0;
      await page.route("**/quizzes/*", async (route) => {
        if (route.request().method() !== "POST" || lost > 0) return route.fallback();
        lost++;
        await route.fetch({ maxRedirects: 0 });
        await route.abort();
      });
      await page.getByRole("button", { name: t("hand-in-anyway") }).click();
      await expect(page).toHaveURL(/\/quizzes\/[^/]+\/0$/);
      expect(lost).toBe(1);
      await expect(page.locator("section.quiz")).toHaveCount(count);
      await expect(page.locator(`#q-${count}`)).toContainText(t("result-blank"));
      await a11y(page);
      await shoot("result");
      expect(await draftsOf(page)).toEqual([]);
    });

    await test.step("placement tells where to begin, and signing out forgets drafts", async () => {
      await page.goto(`${classroom.url}/${lang}/placement`);
      await answerByKeys(page, page.locator("section.quiz").first());
      expect(await draftsOf(page)).toHaveLength(1);
      await page.getByRole("button", { name: t("hand-in"), exact: true }).click();
      await page.getByRole("button", { name: t("hand-in-anyway") }).click();
      await expect(page.getByRole("main")).toContainText(t("placement-begin"));
      await a11y(page);
      await page.setViewportSize({ width: 1440, height: 900 });
      await shoot("placement");
    });
  });
}
