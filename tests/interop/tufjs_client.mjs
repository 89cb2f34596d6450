// One visit of a tuf-js client to a repository: refresh, then find and download each path.
//
// Asked in JSON as the one argument: where tuf-js is installed, the repository's URL, the
// client's directory (which holds root.json), and paths. Answers in JSON on one line.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { modules, url, directory, paths } = JSON.parse(process.argv[2]);
const { Updater } = createRequire(join(modules, "client.js"))("tuf-js");

const targetDir = join(directory, "targets");
mkdirSync(targetDir, { recursive: true });

const updater = new Updater({
  metadataDir: directory,
  metadataBaseUrl: url,
  targetDir,
  targetBaseUrl: `${url}targets/`,
  config: { fetchRetries: 0 },
});

async function visit() {
  await updater.refresh();
  const found = {};
  for (const path of paths) {
    const info = await updater.getTargetInfo(path);
    found[path] = info ? readFileSync(await updater.downloadTarget(info), "latin1") : null;
  }
  return { found };
}

const answer = await visit().catch((error) => ({ refused: `${error.constructor.name}: ${error.message}` }));
console.log(JSON.stringify(answer));
