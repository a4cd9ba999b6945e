import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const PAGES = ['README.md', 'PROTOCOL.md', 'data/README.md'];

function headings(page: string): string[] {
  const withoutBlocks = readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```/gm, '');
  return withoutBlocks.split('\n').filter((line) => /^#+ /.test(line));
}

function source(root: string): string {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => /\.tsx?$/.test(path));
  return files.map((path) => readFileSync(join(root, path), 'utf8')).join('\n');
}

describe('the pages for people', () => {
  it.each(PAGES)('%s has each heading once', (page) => {
    const all = headings(page);
    expect(all.filter((heading, index) => all.indexOf(heading) !== index)).toEqual([]);
  });

  it('PROTOCOL.md has its rules in order', () => {
    const numbers = headings('PROTOCOL.md').flatMap((heading) => /^### R(\d+)/.exec(heading)?.[1] ?? []);
    expect(numbers.length).toBeGreaterThan(20);
    expect(numbers).toEqual(numbers.toSorted((a, b) => Number(a) - Number(b)));
  });

  it('what PROTOCOL.md calls code is there', () => {
    const code = ['server', 'shared', 'client'].map(source).join('\n');
    const cited = [...readFileSync('PROTOCOL.md', 'utf8').matchAll(/^\*Code:\*.*(?:\n(?!\n|\*|#).*)*/gm)]
      .flatMap(([paragraph]) => [...paragraph.matchAll(/`([A-Za-z]\w*)`/g)])
      .map(([, name]) => name!);
    expect(cited.length).toBeGreaterThan(50);
    expect(cited.filter((name) => !new RegExp(`\\b${name}\\b`).test(code))).toEqual([]);
  });
});
