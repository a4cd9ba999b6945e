import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { helpGroups, parseUiLine, UI_COMMANDS } from '../../client/screen/ui-commands.ts';

describe('lines typed into the terminal UI', () => {
  it('are messages unless they start with a slash', () => {
    expect(parseUiLine('hello  world ')).toEqual({ ok: true, value: { type: 'say', body: 'hello  world ' } });
    expect(parseUiLine('//usr/bin')).toEqual({ ok: true, value: { type: 'say', body: '/usr/bin' } });
  });

  it('are commands when they start with one', () => {
    const cases: [string, object][] = [
      ['/help', { type: 'help' }],
      ['/list', { type: 'list' }],
      ['/list a*', { type: 'list', pattern: 'a*' }],
      ['/to ana', { type: 'to', name: 'ana' }],
      ['/msg ana  two  words\nand a line', { type: 'msg', to: 'ana', body: 'two  words\nand a line' }],
      ['/history', { type: 'history' }],
      ['/HISTORY ana', { type: 'history', with: 'ana' }],
      ['/delete', { type: 'delete' }],
      ['/logout', { type: 'logout' }],
      ['/delete-account', { type: 'delete-account' }],
      ['/quit ', { type: 'quit' }],
      ['/join lobby', { type: 'join', room: '#lobby' }],
      ['/join #lobby', { type: 'join', room: '#lobby' }],
      ['/create #lobby  what we  talk about', { type: 'create', room: '#lobby', topic: 'what we  talk about' }],
      ['/create #lobby', { type: 'create', room: '#lobby', topic: '' }],
      ['/topic all  that', { type: 'topic', text: 'all  that' }],
      ['/leave', { type: 'leave' }],
      ['/rooms #l*', { type: 'rooms', pattern: '#l*' }],
      ['/remove bob', { type: 'remove', name: 'bob' }],
      ['/block', { type: 'block' }],
      ['/mute #lobby', { type: 'mute', name: '#lobby' }],
      ['/name', { type: 'name', text: '' }],
      ['/name Ana B.', { type: 'name', text: 'Ana B.' }],
      ['/search two words', { type: 'search', text: 'two words' }],
      ['/logout-everywhere', { type: 'logout-everywhere' }],
    ];
    for (const [line, value] of cases) expect(parseUiLine(line)).toEqual({ ok: true, value });
  });

  it('that are wrong are answered with what is wrong and the nearest command', () => {
    const wrong: [string, string][] = [
      ['/hepl', 'did you mean /help?'],
      ['/xyzzy', '/help lists them'],
      ['/msg ana', 'TEXT is missing: /msg NAME TEXT'],
      ['/to', 'NAME is missing: /to NAME'],
      ['/to ana bob', '"bob" is too much: /to NAME'],
      ['/quit now', '"now" is too much: /quit'],
      ['  ', 'empty'],
    ];
    for (const [line, sentence] of wrong) {
      expect(parseUiLine(line)).toMatchObject({ ok: false, error: { message: expect.stringContaining(sentence) } });
    }
  });
});

describe('the help', () => {
  it('shows every command, and every line of it says how one is typed', () => {
    const rows = helpGroups().flatMap((group) => group.rows);
    expect(rows.map(([typed]) => typed.split(' ')[0])).toEqual(UI_COMMANDS);
    for (const [typed] of rows) {
      for (const line of [typed, typed.replace(/ \[[A-Z]+\]/g, '')]) {
        expect(parseUiLine(line.replace(/[[\]]/g, '').replace(/[A-Z]+/g, 'x'))).toMatchObject({ ok: true });
      }
    }
  });

  it('is all there is: no line makes the parser fail', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const result of [parseUiLine(text), parseUiLine(`/${text}`)]) {
          if (!result.ok) expect(result.error.message.length).toBeGreaterThan(0);
        }
      }),
    );
  });
});
