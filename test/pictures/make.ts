import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readScreen } from './ansi-screen.ts';
import { playScenes } from './scenes.ts';
import { svgOf, textOf } from './svg.ts';

/**
 * Makes the pictures of README anew, from the real program: `npm run pictures`. With `--check` it only says whether they still show what
 * the program does, dates, times and ports aside, and ends with 1 when not. Needs tmux.
 */
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

for (const { name, title, columns, screen } of await playScenes()) {
  const file = join(import.meta.dirname, `${name}.svg`);
  const picture = svgOf({ title, columns, rows: readScreen(screen) });
  if (!values.check) {
    writeFileSync(file, picture);
    console.log(`Wrote ${file}`);
  } else if (lasting(picture) !== lasting(readFileSync(file, 'utf8'))) {
    console.error(
      `${file} no longer shows what the program does; run npm run pictures and look at it.\nis:  ${lasting(picture)}\nwas: ${lasting(readFileSync(file, 'utf8'))}`,
    );
    process.exitCode = 1;
  }
}

/** What is the same each time. */
function lasting(picture: string): string {
  const words = textOf(picture)
    .replace(/[\d.]+ (ms|s)\b/g, 'a while')
    .replace(/[A-Z][a-z]+day, \d+ [A-Z][a-z]+ \d+/g, 'a day')
    .replace(/\d+/g, '0');
  // Rules are as long as the day's name leaves them; who is online is told when it changes.
  return words.replace(/[─█░●○]+/g, '').replace(/\s+/g, ' ');
}
