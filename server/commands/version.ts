import { readFileSync } from 'node:fs';

/** The version in package.json, which lies higher above the built files than above the sources. */
export function packageVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {
      // Not there: look higher up.
    }
  }
  return 'unknown';
}
