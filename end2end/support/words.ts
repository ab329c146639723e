/** What the interface and the course say, read from where they say it. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";

import * as places from "./places.ts";

export const langs = ["ko", "en"] as const;
export type Lang = (typeof langs)[number];

/** The interface's text of a key. */
export type Words = (key: string, values?: Record<string, FluentVariable>) => string;

export function words(lang: Lang): Words {
  const bundle = new FluentBundle(lang, { useIsolating: false });
  const source = readFileSync(path.join(places.locales, `${lang}.ftl`), "utf8");
  const errors = bundle.addResource(new FluentResource(source));
  return (key, values) => {
    const pattern = bundle.getMessage(key)?.value;
    if (!pattern) throw new Error(`${lang}.ftl has no ${key}`);
    const text = bundle.formatPattern(pattern, values, errors);
    if (errors[0]) throw errors[0];
    return text;
  };
}

/** A lesson's words as its author wrote them. */
export class LessonText {
  private readonly source: string;
  /** The author's own language, which alone says which choices are right. */
  private readonly original: string;

  constructor(
    readonly id: string,
    lang: Lang,
    content = places.content,
  ) {
    const read = (lang: Lang) => readFileSync(path.join(content, `${id}.${lang}.md`), "utf8");
    this.source = read(lang);
    this.original = read("ko");
  }

  get title() {
    return first(this.source, /^title: *"?(.+?)"?$/m);
  }

  /** The title of an exercise or question. */
  titleOf(item: string) {
    return first(this.source, new RegExp(`^::::\\w+ ${item} .*title="([^"]+)"`, "m"));
  }

  /** The text of one of a question's right choices, or of its wrong ones. */
  choice(item: string, right: boolean) {
    const marks = [...block(this.original, item).matchAll(/^- \[(.)\] /gm)];
    const texts = [...block(this.source, item).matchAll(/^- (?:\[.\] )?(.+)$/gm)];
    const n = marks.findIndex(([, mark]) => (mark === "x") === right);
    return plain(texts[n]![1]!);
  }

  /** The beginning of the text that an exercise has for what its check found. */
  feedback(item: string, found: string) {
    return plain(first(block(this.source, item), new RegExp(`^:::feedback ${found}\n(.+)$`, "m")));
  }

  /** The beginning of a question's explanation. */
  explanation(item: string) {
    return plain(first(block(this.source, item), /^:::explain\n(.+)$/m));
  }
}

/** How many exercises and questions the course has. */
export function itemCount(content = places.content): number {
  const files = readdirSync(content, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".ko.md"))
    .map((file) => readFileSync(path.join(content, file), "utf8"))
    .flatMap((source) => source.match(/^::::(exercise|quiz) /gm) ?? []).length;
}

const block = (source: string, item: string) =>
  first(source, new RegExp(`^::::\\w+ ${item}\\b.*\n([^]*?)^::::$`, "m"));

/** Without the marks of code, emphasis and keys. */
const plain = (text: string) => text.replace(/[`*]|\[\[|\]\]/g, "");

function first(source: string, pattern: RegExp) {
  const found = source.match(pattern)?.[1];
  if (!found) throw new Error(`nothing matches ${pattern}`);
  return found.trim();
}
