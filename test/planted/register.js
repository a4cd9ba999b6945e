// Plants one bug: `UNDERSTUDY_PLANTED=NAME node --import ./test/planted/register.js --import tsx FILE`. Stands before tsx,
// so that tsx is asked first and takes the planted text from here. Options of Node reach worker threads too.
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { tsImport } from 'tsx/esm/api';

const name = process.env.UNDERSTUDY_PLANTED;
if (!name) throw new Error('UNDERSTUDY_PLANTED is empty; it has to name a planted bug.');
const { findPlanted } = await tsImport('./planted-bugs.ts', import.meta.url);
const { filesOf, plant } = await tsImport('./planted-bug.ts', import.meta.url);
const bug = findPlanted(name);
const planted = filesOf(bug).map((file) => {
  const url = new URL(`../../${file}`, import.meta.url);
  return [url.href, plant(bug, file, readFileSync(url, 'utf8'))];
});
register('./hooks.js', import.meta.url, { data: new Map(planted) });
