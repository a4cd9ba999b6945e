// `node --import ./test/kills/frequent-snapshots.js dist/server/main.js …`: a server that writes a snapshot after some hundred
// operations instead of a hundred thousand, so that a kill may meet one.
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';

const OPERATIONS = 150;

// The threads that hash passwords get Node's options too, and have nothing to do with it.
if (isMainThread) {
  const limits = new URL('../shared/limits.js', pathToFileURL(process.argv[1]));
  const text = readFileSync(limits, 'utf8');
  const planted = text.replace(/(SNAPSHOT_INTERVAL_OPERATIONS = )[\d_]+/, `$1${OPERATIONS}`);
  if (planted === text) throw new Error(`${limits.pathname} has no SNAPSHOT_INTERVAL_OPERATIONS: adapt this file.`);
  register('../planted/hooks.js', import.meta.url, { data: new Map([[limits.href, planted]]) });
}
