/** The browser client holds nothing of the course: it was built before there was one. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "@playwright/test";

import { content, site } from "./support/places.ts";

/** The shortest line of a lesson that says whose it is. */
const telling = 24;

/** Lines of scripts, explanations and notes: what a student may not have before its time. */
function secrets(lesson: string): string[] {
  const found: string[] = [];
  for (const [, body] of lesson.matchAll(/^```bash (?:setup|check|answer|solution|wrong).*\n([^]*?)^```$/gm)) {
    found.push(...(body ?? "").split("\n"));
  }
  for (const [, body] of lesson.matchAll(/^:::explain\n([^]*?)^:::$/gm)) {
    found.push(...(body ?? "").split("\n"));
  }
  for (const [, note] of lesson.matchAll(/^ +: (.+)$/gm)) found.push(note ?? "");
  return found.map((line) => line.trim()).filter((line) => line.length >= telling);
}

function files(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => path.join(folder, name));
}

test("the client has no line of a check, a solution or an explanation in it", () => {
  const lines = files(content, ".md").flatMap((file) => secrets(readFileSync(file, "utf8")));
  expect(lines.length).toBeGreaterThan(100);
  const built = [".js", ".wasm"].flatMap((ending) => files(site(), ending));
  expect(built.some((file) => file.endsWith("_bg.wasm"))).toBe(true);
  for (const file of built) {
    const bytes = readFileSync(file);
    expect(lines.filter((line) => bytes.includes(line)), file).toEqual([]);
  }
});
