/** Where the parts of a classroom lie that a test needs. `cargo xtask test story` sets them. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

const repository = path.resolve(import.meta.dirname, "../..");
const cache = process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache");

/** The folder of `gyosil` and `gyosil-machined`. */
export const executables = () => found("GYOSIL_BIN", "target/debug", "gyosil");

/** The browser client, as Trunk builds it. */
export const site = () => found("GYOSIL_SITE", "dist", "index.html");

/** A data folder with `machine-image` and `registry`, made by `cargo xtask test`. */
export const testData = () =>
  found("GYOSIL_TEST_DATA", path.join(cache, "gyosil/test-data"), "machine-image/rootfs");

/** The course. */
export const content = path.join(repository, "content");

/** The interface's words. */
export const locales = path.join(repository, "app/locales");

/** Where the documentation's pictures go. */
export const pictures = path.join(repository, "docs/screenshots");

function found(variable: string, fallback: string, witness: string): string {
  const folder = path.resolve(repository, process.env[variable] ?? fallback);
  if (!existsSync(path.join(folder, witness))) {
    throw new Error(
      `${folder} has no ${witness}: run \`cargo xtask test story\`, or set ${variable}`,
    );
  }
  return folder;
}
