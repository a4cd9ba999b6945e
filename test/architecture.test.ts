import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ImportRow, offencesIn } from './architecture/offences.ts';

/**
 * Who may import what. The first row that fits a file is its row. `*` stands for anything but a slash, `**` for
 * anything; `node` for Node's own modules.
 */
const IMPORT_TABLE: readonly ImportRow[] = [
  { files: ['shared/**'], mayImport: ['shared/**'], packages: ['zod'] },
  { files: ['server/replication/**'], mayImport: ['shared/**', 'server/replication/**'], packages: [], pure: true },
  { files: ['server/state/**'], mayImport: ['shared/**', 'server/state/**'], packages: [], pure: true },
  {
    files: ['server/storage/**'],
    mayImport: ['shared/**', 'server/storage/**'],
    packages: ['csv-parse', 'csv-stringify', 'node'],
  },
  {
    files: ['server/network/peers.ts', 'server/network/peer-*.ts'],
    mayImport: ['shared/**', 'server/network/**', 'server/engine/engine.ts', 'server/replication/messages.ts'],
    packages: ['socket.io', 'socket.io-client', 'prom-client', 'rate-limiter-flexible', 'zod', 'node'],
  },
  {
    files: ['server/network/**'],
    mayImport: ['shared/**', 'server/network/**', 'server/engine/engine.ts'],
    packages: ['socket.io', 'socket.io-client', 'prom-client', 'rate-limiter-flexible', 'zod', 'node'],
  },
  {
    files: ['server/engine/**'],
    mayImport: [
      'shared/**',
      'server/replication/**',
      'server/state/**',
      'server/storage/**',
      'server/engine/**',
      'server/network/peers.ts',
      'server/network/peer-*.ts',
    ],
    packages: ['node'],
  },
  {
    // It drives a cluster as a user would: the one place where the server knows a client.
    files: ['server/commands/drill*.ts'],
    mayImport: [
      'shared/**',
      'server/**',
      'client/chat-client.ts',
      'client/memory-store.ts',
      'client/real-clock.ts',
      'client/socket-transport.ts',
      'client/transport.ts',
    ],
    packages: ['commander', 'node'],
  },
  {
    files: ['server/main.ts', 'server/commands/**'],
    mayImport: ['shared/**', 'server/**'],
    packages: ['commander', 'node'],
  },
  {
    files: ['client/commands.ts', 'client/screen-state.ts', 'client/screen-keys.ts', 'client/screen/**'],
    mayImport: ['shared/**', 'client/commands.ts', 'client/terminal-safe.ts', 'client/screen-*.ts', 'client/screen/**'],
    mayImportTypesOf: ['client/chat-types.ts'],
    packages: [],
    pure: true,
  },
  {
    // What programs and web pages import: nothing of Node, here or behind it (test/package looks at all that a browser would load).
    files: ['client/understudy.ts', 'client/page-store.ts', 'client/real-clock.ts', 'client/socket-transport.ts'],
    mayImport: ['shared/**', 'client/**'],
    packages: ['socket.io-client'],
  },
  { files: ['client/examples/**'], mayImport: [], packages: ['understudy'], javaScript: true },
  {
    files: ['client/**'],
    mayImport: ['shared/**', 'client/**'],
    packages: ['socket.io-client', 'ink', 'react', 'csv-stringify', 'commander', 'node'],
  },
];

/** What a pure file must not name: clocks, chance, what happens later, and what there is only in Node or a browser. */
const IMPURE_NAMES = [
  'Date',
  'Math.random',
  'Promise',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'process',
  'Buffer',
  'performance',
  'crypto',
  'globalThis',
] as const;

const ROOTS = ['shared', 'server', 'client'];

function sourceFiles(): string[] {
  return ROOTS.flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .map((path) => join(root, path).replaceAll('\\', '/'))
      .filter((path) => /\.[cm]?[jt]sx?$/.test(path)),
  );
}

function offences(path: string, source: string): string[] {
  return offencesIn({ path, source, table: IMPORT_TABLE, impureNames: IMPURE_NAMES });
}

describe('the source', () => {
  const files = sourceFiles();

  it('is found', () => {
    for (const root of ROOTS) expect(files.some((path) => path.startsWith(`${root}/`))).toBe(true);
    expect(files).toEqual(expect.arrayContaining(['shared/api.ts', 'server/state/chat-state.ts']));
  });

  it('keeps to the import table, and the pure files are pure', () => {
    expect(files.flatMap((path) => offences(path, readFileSync(path, 'utf8')))).toEqual([]);
  });

  it('has no path aliases: an import line shows the true file', () => {
    for (const config of readdirSync('.').filter((name) => /^tsconfig.*\.json$/.test(name))) {
      expect(readFileSync(config, 'utf8')).not.toMatch(/"(paths|baseUrl|rootDirs)"/);
    }
    expect(JSON.parse(readFileSync('package.json', 'utf8'))).not.toHaveProperty('imports');
  });
});

describe('the rules find an offender:', () => {
  const offenders: [rule: string, path: string, source: string, found: string][] = [
    ['shared imports zod and no other package', 'shared/a.ts', "import pino from 'pino';", 'pino'],
    ['shared imports nothing of the server', 'shared/a.ts', "import '../server/state/b.ts';", 'server/state/b.ts'],
    [
      'state imports nothing of replication',
      'server/state/a.ts',
      "import { b } from '../replication/b.ts';",
      'replication',
    ],
    ['replication imports nothing of state', 'server/replication/a.ts', "export * from '../state/b.ts';", 'state/b.ts'],
    ['types count as well', 'server/state/a.ts', "import type { B } from '../engine/engine.ts';", 'engine/engine.ts'],
    ['types named in passing count', 'server/state/a.ts', "type B = import('../engine/b.ts').B;", 'engine/b.ts'],
    ['pure folders import no package', 'server/state/a.ts', "import { z } from 'zod';", 'zod'],
    ['pure folders import nothing of Node', 'server/replication/a.ts', "import { x } from 'node:fs';", 'node:fs'],
    ['Node’s modules are told without their prefix', 'server/state/a.ts', "import { x } from 'fs';", '"fs"'],
    ['storage knows no state', 'server/storage/a.ts', "export { b } from '../state/b.ts';", 'state/b.ts'],
    ['network knows the engine only', 'server/network/http.ts', "import { b } from '../state/b.ts';", 'state/b.ts'],
    ['only peers know their messages', 'server/network/http.ts', "import '../replication/messages.ts';", 'messages.ts'],
    [
      'peers know nothing else of replication',
      'server/network/peers.ts',
      "import '../replication/replica.ts';",
      'replica.ts',
    ],
    ['the engine knows no gateway', 'server/engine/a.ts', "import { b } from '../network/gateway.ts';", 'gateway.ts'],
    ['the server knows no client', 'server/main.ts', "import { b } from '../client/b.ts';", 'client/b.ts'],
    [
      'other commands know no client',
      'server/commands/run.ts',
      "import '../../client/chat-client.ts';",
      'chat-client.ts',
    ],
    [
      'the drill knows nothing else of the client',
      'server/commands/drill.ts',
      "import '../../client/outbox.ts';",
      'outbox.ts',
    ],
    ['the client knows no server', 'client/main.ts', "import { b } from '../server/engine/engine.ts';", 'engine.ts'],
    ['pure client files know no other', 'client/commands.ts', "import { b } from './outbox.ts';", 'outbox.ts'],
    [
      'they know the chat by its types only',
      'client/screen-state.ts',
      "import { Chat } from './chat-types.ts';",
      'types only',
    ],
    [
      'an inline type is no type import',
      'client/commands.ts',
      "import { type Chat } from './chat-types.ts';",
      'types only',
    ],
    ['a file needs a row in the table', 'server/other/a.ts', 'export {};', 'no row'],
    ['dynamic imports count', 'client/a.ts', "const b = await import('../server/b.ts');", 'server/b.ts'],
    ['computed imports are not possible', 'client/a.ts', 'const b = await import(name);', 'computed'],
    ['require is not possible', 'client/a.ts', "const b = require('fs');", 'require'],
    ['import = require is not possible', 'client/a.ts', "import b = require('./b.ts');", 'require'],
    ['relative imports have their extension', 'client/a.ts', "import { b } from './b';", 'extension'],
    ['relative imports name the source', 'client/a.ts', "import { b } from './b.js';", 'extension'],
    ['aliases are no packages', 'client/a.ts', "import { b } from '@/b.ts';", '@/b.ts'],
    ['subpath aliases are no packages', 'client/a.ts', "import { b } from '#b';", '#b'],
    ['absolute imports are none either', 'client/a.ts', "import { b } from '/client/b.ts';", '/client/b.ts'],
    ['nothing outside is imported', 'client/a.ts', "import { b } from '../../b.ts';", '../b.ts'],
    ['there are no barrels', 'client/index.ts', 'export {};', 'barrel'],
    ['there are no barrels in folders either', 'server/state/index.tsx', 'export {};', 'barrel'],
    ['all is TypeScript', 'client/a.js', 'export {};', 'TypeScript'],
    ['but for the examples', 'client/examples/a.ts', 'export {};', 'JavaScript'],
    ['examples know the package alone', 'client/examples/a.js', "import '../chat-client.ts';", 'chat-client.ts'],
    ['the package’s door knows no Node', 'client/understudy.ts', "import { x } from 'node:fs';", 'node:fs'],
    ['what cannot be read is not let through', 'client/a.ts', 'export {', 'cannot be parsed'],
    ['pure files are not async', 'server/state/a.ts', 'export const a = async () => 1;', 'async'],
    ['nor async in methods', 'server/state/a.ts', 'export class A { async b() {} }', 'async'],
    ['nor do they await', 'server/state/a.ts', 'await 1;', 'await'],
    ['nor in loops', 'server/replication/a.ts', 'for await (const a of b) c(a);', 'await'],
    ['nor use chance', 'server/state/a.ts', 'export const a = Math.random();', 'Math.random'],
    ['nor chance by another spelling', 'server/state/a.ts', "export const b = Math['random']();", 'Math.random'],
    ['nor chance by another way', 'server/state/a.ts', 'const { random } = Math;', 'Math.random'],
    ['nor in a template', 'server/state/a.ts', `export const a = \`\${Date.now()}\`;`, 'Date'],
    ['nor as a type', 'client/commands.ts', 'export type A = Promise<string>;', 'Promise'],
    ['nor in shorthand', 'server/state/a.ts', 'export const a = { process };', 'process'],
    ['nor computed', 'server/state/a.ts', 'export const a = b[performance.now()];', 'performance'],
    ['nor by spreading', 'server/state/a.ts', 'export const a = [...process.argv];', 'process'],
  ];
  it.each(offenders)('%s', (_rule, path, source, found) => {
    const [offence, ...others] = offences(path, source);
    expect(offence).toContain(path);
    expect(offence).toContain(found);
    expect(others).toEqual([]);
  });

  it.each(IMPURE_NAMES.filter((name) => name !== 'Math.random'))('pure files do not name %s', (name) => {
    expect(offences('server/replication/a.ts', `export const a = ${name};`)).toEqual([
      `server/replication/a.ts:1 names ${name}, which a pure file must not`,
    ]);
  });
});

describe('the rules let pass', () => {
  const innocents: [what: string, path: string, source: string][] = [
    [
      'forbidden words in comments and strings',
      'server/state/a.ts',
      "// await Date\nexport const a = 'Promise'; /* crypto */",
    ],
    ['members of that name', 'server/state/a.ts', 'export const a = { process: 1 }; a.process; b?.crypto;'],
    ['forbidden words in patterns', 'server/state/a.ts', 'export const a = /Date/.test(b) && Math.max(1, 2);'],
    ['Math otherwise', 'server/state/a.ts', 'export const a = Math.max(1, 2);'],
    [
      'asynchronous code elsewhere',
      'server/engine/a.ts',
      'export const a = async () => await Promise.resolve(Date.now());',
    ],
    ['imports in strings', 'shared/a.ts', 'export const a = "import b from \'pino\'";'],
    ['apostrophes in what is shown', 'client/a.tsx', "export const a = <Text>don't `await` import('fs')</Text>;"],
    ['types of the chat', 'client/commands.ts', "import type { Chat } from './chat-types.ts';"],
    ['types of the chat passed on', 'client/commands.ts', "export type { Chat } from './chat-types.ts';"],
    ['parts of a package', 'server/storage/a.ts', "import { stringify } from 'csv-stringify/sync';"],
    ['the drill’s client', 'server/commands/drill.ts', "import { b } from '../../client/chat-client.ts';"],
    ['peers’ messages', 'server/network/peer-link.ts', "import type { B } from '../replication/messages.ts';"],
    ['the engine’s peers', 'server/engine/a.ts', "import { b } from '../network/peer-link.ts';"],
    ['the package in examples', 'client/examples/a.js', "import { ChatClient } from 'understudy';"],
    ['Node at the edge', 'server/network/a.ts', "import { createServer } from 'node:http';"],
  ];
  it.each(innocents)('%s', (_what, path, source) => {
    expect(offences(path, source)).toEqual([]);
  });
});
