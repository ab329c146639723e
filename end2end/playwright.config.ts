import { defineConfig } from "@playwright/test";

/** Debian's Chromium, which needs to be told to keep to itself. */
const chromium = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", // the classroom is started as root, and so is this browser
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};

export default defineConfig({
  testDir: ".",
  // Two machines at a time would take the memory of a small computer, and two cores their patience.
  workers: 1,
  // The story starts a machine, restarts the server and waits for a shell twice.
  timeout: 180_000,
  expect: { timeout: 20_000 },
  forbidOnly: true,
  retries: 0,
  reporter: [["list"]],
  globalSetup: "./support/leftovers.ts",
  use: {
    browserName: "chromium",
    launchOptions: chromium,
    actionTimeout: 20_000,
    navigationTimeout: 30_000,
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
  },
  projects: [
    { name: "story", testMatch: "story.spec.ts" },
    { name: "failures", testMatch: "failures.spec.ts" },
    { name: "machines", testMatch: "machines.spec.ts" },
    { name: "client", testMatch: "client.spec.ts" },
    { name: "me", testMatch: "me.spec.ts" },
    { name: "instructor", testMatch: "instructor.spec.ts" },
    { name: "author", testMatch: "author.spec.ts" },
    { name: "quizzes", testMatch: "quizzes.spec.ts" },
    { name: "accounts", testMatch: "accounts.spec.ts" },
    { name: "newcomer", testMatch: "newcomer.spec.ts" },
    { name: "hub", testMatch: "hub.spec.ts" },
    { name: "lighthouse", testMatch: "lighthouse.spec.ts" },
    { name: "screenshots", testMatch: "screenshots.spec.ts" },
  ],
});
