import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '../../client/main.ts');

function client(args: string[], env: Record<string, string> = {}) {
  const options = { encoding: 'utf8', env: { ...process.env, ...env }, input: '' } as const;
  return spawnSync(process.execPath, ['--import', 'tsx', MAIN, ...args], options);
}

describe('the client program', () => {
  it('ends with 2 and one line that says which word is wrong', { timeout: 90_000 }, () => {
    const wrong: [string[], Record<string, string>, string][] = [
      [['--bogus'], {}, '--bogus'],
      [['send', 'bob'], {}, 'text'],
      [['list', '--server', 'nowhere'], {}, '"nowhere" is not host:port'],
      [['list'], { UNDERSTUDY_SERVER: 'nowhere' }, '"nowhere" is not host:port'],
      [['repl', '-P', '70000'], {}, '1 to 65535'],
      [['export', '--format', 'xml'], {}, 'xml'],
      [['export', '--output', '/nowhere/x.csv'], {}, '/nowhere/x.csv cannot be written'],
      [['export'], {}, '--user NAME'],
      [['room', 'jion', 'x'], {}, 'join'],
      [['search', 'x', '--limit', '0'], {}, 'above 0'],
      [['password', '--user', 'ana'], { CHAT_PASSWORD: 'a password' }, 'NEW_CHAT_PASSWORD'],
    ];
    for (const [args, env, sentence] of wrong) {
      const { status, stdout, stderr } = client(args, env);
      expect([args, status, stdout]).toEqual([args, 2, '']);
      expect(stderr.trim().split('\n')).toEqual([expect.stringContaining(sentence)]);
    }
  });
});
