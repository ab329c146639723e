/** Before all tests: ends and removes what an earlier, killed run left behind. */
import { readdir } from "node:fs/promises";
import path from "node:path";

import { closeAbandoned, dataPrefix, owner } from "./classroom.ts";

export default async function removeLeftovers() {
  const parent = path.dirname(dataPrefix);
  for (const name of await readdir(parent)) {
    const data = path.join(parent, name);
    if (data.startsWith(dataPrefix) && !(await owner(data))) await closeAbandoned(data);
  }
}
