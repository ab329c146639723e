/** A classroom of its own: a real `gyosil serve` with its machined, on a fresh data folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, open, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import * as places from "./places.ts";
import type { Lang } from "./words.ts";

/** Data folders begin with this, so that leftovers of a killed run are known. Not /tmp: a machine's
 * disk is large and sparse, and /tmp is memory on many hosts. */
export const dataPrefix = "/var/tmp/gyosil-end2end-";

/** Says which test run a data folder belongs to. */
const ownerFile = "owner.pid";

/** How long `serve` may take to its first line: it starts machined and checks the course. */
const openWithin = 40_000;

/** How long machined may take to stop its machines: each has 10 s to end by itself. */
const stopWithin = 60_000;

export interface Options {
  /** The course to teach; the project's own unless told otherwise. */
  content?: string;
  /** Whether there is an image from which machines can be made. */
  machines?: boolean;
  /** Options for machined, as an operator gives them. */
  machined?: string[];
  /** Options for `serve`, as an operator gives them. */
  serve?: string[];
  /** How large the disk is under the data folder, as `mount` writes it; the host's unless told
   * otherwise. */
  space?: string;
}

export class Classroom {
  private web?: ChildProcess;

  private constructor(
    private readonly data: string,
    private readonly port: number,
    private readonly options: string[],
    private readonly machined: string[],
  ) {}

  static async open(options: Options = {}) {
    const { content = places.content, machines = true, serve = [], machined = [], space } = options;
    const data = await mkdtemp(dataPrefix);
    const classroom = new Classroom(data, await freePort(), serve, machined);
    try {
      if (space) await run("mount", "-t", "tmpfs", "-o", `size=${space}`, "gyosil-end2end", data);
      await writeFile(path.join(data, ownerFile), String(process.pid));
      await chmod(data, 0o755);
      await mkdir(path.join(data, "log"));
      await cp(places.site(), path.join(data, "site"), { recursive: true });
      await cp(content, path.join(data, "content"), { recursive: true });
      if (machines) {
        for (const part of ["machine-image", "registry"]) {
          await symlink(path.join(places.testData(), part), path.join(data, part));
        }
      }
      await classroom.serve();
      return classroom;
    } catch (error) {
      const log = await classroom.log();
      await classroom.close();
      throw new Error(`the classroom did not open: ${error}\n${log}`);
    }
  }

  /** The folder of its course: a copy of what it was given. */
  get course() {
    return path.join(this.data, "content");
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the web process on the same data and port, also after {@link kill}. */
  async serve() {
    const append = (name: string) => openSync(path.join(this.data, "log", name), "a");
    const [said, logged] = [append("web.out"), append("web.log")];
    const web = spawn(
      path.join(places.executables(), "gyosil"),
      [
        "serve",
        ...["--data", this.data, "--listen", `127.0.0.1:${this.port}`],
        ...this.options,
        "--",
        ...this.machined,
      ],
      { stdio: ["ignore", said, logged] },
    );
    this.web = web;
    [said, logged].forEach(closeSync);
    await new Promise<void>((resolve, reject) => {
      web.once("error", reject);
      web.once("exit", (code, signal) => reject(new Error(`serve ended: ${code ?? signal}`)));
      answers(this.url, openWithin).then(resolve, reject);
    });
  }

  /** Leaves no room on the data folder's disk, which must have been given a size. */
  async fill() {
    const file = path.join(this.data, "filling");
    const handle = await open(file, "w");
    const block = Buffer.alloc(1 << 16);
    // The disk is small; the last block is written in part, and then no more.
    for (let written = block.length; written === block.length; ) {
      ({ bytesWritten: written } = await handle.write(block).catch(() => ({ bytesWritten: 0 })));
    }
    await handle.close();
    return { remove: () => rm(file) };
  }

  /** The link that makes the first instructor, as it was printed. */
  async setupLink(lang: Lang) {
    const said = await readFile(path.join(this.data, "log/web.out"), "utf8");
    const token = said.match(/\/setup\/(\S+)/)?.[1];
    if (!token) throw new Error(`no link for the first instructor in:\n${said}`);
    return `${this.url}/${lang}/setup/${token}`;
  }

  /** Makes everything that is on record older: days cannot be waited for. */
  async passDays(days: number) {
    const older = ["attempts", "review_rounds"].map(
      (table) => `UPDATE ${table} SET at_ms = at_ms - ${days * 86_400_000};`,
    );
    const script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])";
    await run("/usr/bin/python3", "-c", script, this.record, older.join(" "));
  }

  private get record() {
    return path.join(this.data, "web/gyosil.sqlite");
  }

  /** Ends the web process as a crash does. Its machines live on. */
  async kill() {
    await end(this.web, "SIGKILL", 5_000);
  }

  /** What the web process and machined logged. */
  async log() {
    const read = (name: string) =>
      readFile(path.join(this.data, "log", name), "utf8").catch(() => "");
    return `--- web ---\n${await read("web.log")}\n--- machined ---\n${await read("machined.log")}`;
  }

  /** Ends everything that was started and removes its files. */
  async close() {
    await end(this.web, "SIGTERM", 15_000);
    await closeData(this.data);
  }
}

/** Starts a machined without `serve`. It takes over the machines that are there. */
async function startMachined(data: string) {
  await mkdir(path.join(data, "run"), { recursive: true });
  const socket = path.join(data, "run/machined.sock");
  await rm(socket, { force: true });
  const log = openSync(path.join(data, "log/machined.log"), "a");
  const machined = spawn(
    path.join(places.executables(), "gyosil-machined"),
    ["--data", data, "--socket", socket, "--socket-user", "gyosil"],
    { stdio: ["ignore", log, log], detached: true },
  );
  closeSync(log);
  machined.unref();
  for (const start = Date.now(); !existsSync(socket); await sleep(20)) {
    if (Date.now() - start > openWithin) throw new Error("machined did not open its socket");
  }
}

/** As {@link closeData}, where machined may have ended before its machines. */
export async function closeAbandoned(data: string) {
  if (!(await machinedOf(data)) && (await mountsBelow(data)).length > 0) await startMachined(data);
  await closeData(data);
}

/** Ends what runs on a data folder, and removes it. */
export async function closeData(data: string) {
  const pid = await machinedOf(data);
  if (pid) {
    process.kill(pid, "SIGTERM");
    if (!(await gone(pid, stopWithin))) {
      process.kill(pid, "SIGKILL");
      throw new Error(`machined ${pid} of ${data} did not end within ${stopWithin} ms`);
    }
  }
  const left = await mountsBelow(data);
  if (left.length > 0) throw new Error(`machined left mounts behind:\n${left.join("\n")}`);
  if ((await mounts()).includes(data)) await run("umount", data);
  await rm(data, { recursive: true, force: true });
}

/** The process that runs a data folder's machines, if there is one. */
async function machinedOf(data: string): Promise<number | undefined> {
  const pid = Number(await readFile(path.join(data, "run/machined.pid"), "utf8").catch(() => ""));
  return pid && (await commandLine(pid)).includes(data) ? pid : undefined;
}

/** Where something is mounted. */
async function mounts(): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).trim().split("\n");
  return lines.map((line) => line.split(" ")[4]!);
}

async function mountsBelow(data: string) {
  return (await mounts()).filter((place) => place.startsWith(`${data}/`));
}

/** The run that a data folder belongs to, unless it has ended. */
export async function owner(data: string): Promise<number | undefined> {
  const pid = Number(await readFile(path.join(data, ownerFile), "utf8").catch(() => ""));
  return pid && (await commandLine(pid)).includes("playwright") ? pid : undefined;
}

/** Runs a command of the host. */
async function run(command: string, ...args: string[]) {
  const [code] = await once(spawn(command, args, { stdio: "inherit" }), "exit");
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: exit code ${code}`);
}

async function commandLine(pid: number) {
  return readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals, within: number) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  const late = sleep(within, "late", { ref: false });
  if ((await Promise.race([exited, late])) === "late") {
    child.kill("SIGKILL");
    await exited;
    throw new Error(`the web process did not end within ${within} ms of ${signal}`);
  }
}

async function gone(pid: number, within: number) {
  for (const start = Date.now(); Date.now() - start < within; await sleep(50)) {
    if ((await commandLine(pid)) === "") return true;
  }
  return false;
}

/** Waits until the server answers. */
async function answers(url: string, within: number) {
  for (const start = Date.now(); Date.now() - start < within; await sleep(50)) {
    const response = await fetch(`${url}/healthz`).catch(() => undefined);
    if (response?.ok) return;
  }
  throw new Error(`nothing answered at ${url} within ${within} ms`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
