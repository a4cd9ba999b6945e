import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAst } from 'vitest/node';

/** What is loaded with a module: files, and what they import that is no file beside them. */
export interface ImportGraph {
  files: string[];
  /** Packages and modules of Node, each once. */
  bare: string[];
}

/** Follows the imports of a built module, as a browser does; also those that it would only load later. */
export function importGraph(entry: string): ImportGraph {
  const files = new Set<string>();
  const bare = new Set<string>();
  const waiting = [entry];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (files.has(path)) continue;
    files.add(path);
    for (const specifier of specifiersIn(readFileSync(path, 'utf8'))) {
      if (/^\.\.?\//.test(specifier)) waiting.push(join(dirname(path), specifier));
      else bare.add(specifier);
    }
  }
  return { files: [...files], bare: [...bare].sort() };
}

function specifiersIn(source: string): string[] {
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) for (const one of node) visit(one);
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
    const { type, source: from } = node as { type?: string; source?: { value?: unknown } | null };
    if (/^(Import(Declaration|Expression)|Export(Named|All)Declaration)$/.test(type ?? '') && from) {
      found.push(String(from.value));
    }
    for (const value of Object.values(node)) visit(value);
  };
  visit(parseAst(source));
  return found;
}
