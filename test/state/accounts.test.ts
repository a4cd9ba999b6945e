import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameKey } from '../../shared/names.ts';
import { ChatLog } from './chat-log.ts';

function namesOf(log: ChatLog, ask: { pattern?: string; after?: string; limit?: number }): string[] {
  return log.state.listAccounts({ limit: 500, ...ask }).accounts.map((account) => account.username);
}

describe('accounts', () => {
  it('are found by any spelling of their name, and shown as they were typed', () => {
    const log = new ChatLog();
    const ana = log.create('Ana');
    expect(log.state.accountByName('ANA')).toEqual({
      id: ana,
      username: 'Ana',
      displayName: '',
      passwordHash: 'hash of Ana',
    });
    expect(log.state.accountByName('ａｎａ')?.id).toBe(ana);
    expect(log.state.accountByName('anna')).toBeUndefined();
  });

  it('keep their name to themselves, in every spelling', () => {
    const log = new ChatLog();
    log.create('Ana');
    const { outcome, notices } = log.apply({
      event: 'account:create',
      body: '{"username":"aNA","nameKey":"ana","passwordHash":"x"}',
    });
    expect(outcome).toEqual({ position: 2, at: 1_700_000_002_000, refused: 'username-taken' });
    expect(notices).toEqual([]);
    expect(log.state.account('2' as never)).toBeUndefined();
  });

  it('go by the name key in the log, which is never made again', () => {
    const log = new ChatLog();
    const body = '{"username":"Ana","nameKey":"as folded then","passwordHash":"x"}';
    log.apply({ event: 'account:create', body });
    expect(log.table('user_table')[0]!.name_key).toBe('as folded then');
    expect(log.state.check({ ...log.entries[0]!, body: body.replace('Ana', 'Bo') })).toBe('username-taken');
  });

  it('may be called __proto__ or constructor', () => {
    const log = new ChatLog();
    expect(log.state.accountByName('__proto__')).toBeUndefined();
    expect(log.state.accountByName('constructor')).toBeUndefined();
    const odd = log.create('__proto__');
    const builder = log.create('constructor');
    log.send(odd, builder, 'hello');
    expect(namesOf(log, {})).toEqual(['__proto__', 'constructor']);
    expect(log.state.history({ account: builder, limit: 1 }).messages[0]!.from).toBe('__proto__');
    expect(log.state.account('__proto__' as never)).toBeUndefined();
  });

  it('that are deleted free their name for an account that inherits nothing', () => {
    const log = new ChatLog();
    const [first, bo] = [log.create('ana'), log.create('bo')];
    log.send(bo, first, 'for the first');
    log.deleteAccount(first);
    expect(log.state.accountByName('ana')).toBeUndefined();
    const second = log.create('ana');
    expect(log.state.accountByName('ana')?.id).toBe(second);
    expect(log.bodies({ account: second })).toEqual([]);
    expect(log.bodies({ account: bo, with: second })).toEqual([]);
    expect(log.bodies({ account: bo, with: first })).toEqual(['for the first']);
  });

  it('are remembered after their deletion for as long as somebody has a message of theirs', () => {
    const log = new ChatLog();
    const [ana, bo, cy] = [log.create('ana'), log.create('bo'), log.create('cy')];
    log.send(ana, bo);
    log.send(bo, ana);
    log.send(ana, cy);
    log.send(cy, cy);
    log.deleteAccount(cy);
    log.deleteAccount(ana);
    expect(log.table('user_table').map((row) => row.username)).toEqual(['ana', 'bo']);
    log.deleteAccount(bo);
    expect(log.table('user_table')).toEqual([]);
  });

  it('are listed by wildcard in the order of their name keys, page by page', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[abAB]{1,4}$/), { selector: nameKey, maxLength: 25 });
    const deleted = fc.array(fc.nat({ max: 24 }), { maxLength: 5 });
    fc.assert(
      fc.property(
        names,
        deleted,
        fc.constantFrom('*', 'a*', '?b*', 'AB', '*b'),
        fc.integer({ min: 1, max: 6 }),
        (all, gone, pattern, limit) => {
          const log = new ChatLog();
          const ids = all.map((name) => log.create(name));
          for (const index of gone) if (ids[index] !== undefined) log.deleteAccount(ids[index]);
          const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'i');
          const expected = all
            .filter((name, index) => !gone.includes(index) && expression.test(name))
            .sort((a, b) => (nameKey(a) < nameKey(b) ? -1 : 1));
          const listed: string[] = [];
          for (let more = true, after: string | undefined; more; after = listed.at(-1)) {
            expect(listed.length).toBeLessThanOrEqual(expected.length);
            const page = log.state.listAccounts({ pattern, after, limit });
            expect(page.accounts.length).toBeLessThanOrEqual(limit);
            listed.push(...page.accounts.map((account) => account.username));
            more = page.more;
          }
          expect(listed).toEqual(expected);
        },
      ),
      { seed: 1538, numRuns: 200 },
    );
  });

  it('are listed after a name that nobody has (any more)', () => {
    const log = new ChatLog();
    for (const name of ['ana', 'bo', 'cy']) log.create(name);
    expect(namesOf(log, { after: 'ANB' })).toEqual(['bo', 'cy']);
    expect(namesOf(log, { after: 'zoe' })).toEqual([]);
  });

  it('tell everyone of their deletion, and end their sessions', () => {
    const log = new ChatLog();
    const ana = log.create('Ana');
    log.logIn(ana);
    const { notices } = log.deleteAccount(ana);
    const reason = 'The account "Ana" was deleted.';
    expect(notices).toEqual([
      { type: 'account:deleted', account: ana, username: 'Ana', position: 3 },
      { type: 'session:ended', session: '1', reason },
      { type: 'session:ended', session: '2', reason },
    ]);
    expect(log.deleteAccount(ana).outcome.refused).toBe('not-logged-in');
  });
});
