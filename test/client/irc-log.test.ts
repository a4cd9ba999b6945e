import { describe, expect, it } from 'vitest';
import { decodeLines } from '../../client/import-irc.ts';
import { parseLogLine, planImport, roomOfLog } from '../../client/irc-log.ts';

function plan(...lines: string[]) {
  return planImport(
    lines.map((line, index) => parseLogLine(line, index + 1)),
    '#room',
  );
}

describe('lines of a channel log', () => {
  it('are told apart: what was said, actions, events', () => {
    const cases: [string, object][] = [
      ['[04:07] <ana> hello: <b> there', { kind: 'said', nick: 'ana', text: 'hello: <b> there' }],
      ['[04:07] <ana>   two spaces more ', { kind: 'said', nick: 'ana', text: '  two spaces more ' }],
      ['[04:07] <ana> ', { kind: 'said', nick: 'ana', text: '' }],
      ['[04:08]  * ana waves', { kind: 'action' }],
      ['[04:08] * ana waves', { kind: 'action' }],
      ['=== ana is now known as bob', { kind: 'event' }],
      ['=== ana [~ana@example.org]  has joined #channel', { kind: 'event', channel: '#channel' }],
      ['', { kind: 'empty' }],
      ['something else', { kind: 'unknown' }],
    ];
    for (const [line, wanted] of cases) expect(parseLogLine(line, 3)).toMatchObject({ ...wanted, number: 3 });
  });

  it('that do not decode as UTF-8 are taken for Latin-1, each for itself', () => {
    const bytes = Buffer.concat([
      Buffer.from('straße\r\n'),
      Buffer.from([0x73, 0x74, 0xdf, 0x0a]),
      Buffer.from('ende'),
    ]);
    expect(decodeLines(bytes)).toEqual({ lines: ['straße', 'stß', 'ende'], latin1: [2] });
  });
});

describe('the room of a log', () => {
  const room = (fileName: string, ...lines: string[]) =>
    roomOfLog(
      fileName,
      lines.map((line, index) => parseLogLine(line, index + 1)),
    );

  it('is named after the file without dates, or after the channel that was joined most often', () => {
    const joins = ['=== a  has joined #other', '=== b  has joined #Channel', '=== c  has joined #Channel'];
    expect(room('2004-12-25_channel.txt')).toBe('#channel');
    expect(room('channel.2004-12-25.log', ...joins)).toBe('#channel');
    expect(room('##c++ log_20041225')).toBe('#clog');
    expect(room('2004-12-25.txt', ...joins)).toBe('#Channel');
    expect(room('2004-12-25.txt')).toBe('#2004-12-25');
    expect(room('!.txt')).toBe('#irc');
    expect(room(`${'x'.repeat(100)}.txt`)).toBe(`#${'x'.repeat(32)}`);
  });
});

describe('the plan of an import', () => {
  it('sends lines that begin with the nick of somebody who speaks to them, all others to the room, as they stand, numbered for each sender', () => {
    const { messages, skipped } = plan(
      '[00:00] <|QuaD-> `anthony: try "this", now',
      '[00:01] <`anthony> |QuaD-, no',
      '[00:01] <`anthony> nobody: hello',
      '[00:02] <[foo]> I say: nothing',
      '[00:03] <`anthony> [foo]: =cmd,\t1 ',
      '[00:04]  * [foo] waves',
      '=== bar joined',
      '[00:05] <[foo]> `anthony:without a space',
      '[00:06] <[foo]> ',
    );
    expect(messages).toEqual([
      { line: 1, from: '|QuaD-', to: '`anthony', body: '`anthony: try "this", now', number: 1 },
      { line: 2, from: '`anthony', to: '|QuaD-', body: '|QuaD-, no', number: 1 },
      { line: 3, from: '`anthony', to: '#room', body: 'nobody: hello', number: 4, enters: 2 },
      { line: 4, from: '[foo]', to: '#room', body: 'I say: nothing', number: 3, enters: 1 },
      { line: 5, from: '`anthony', to: '[foo]', body: '[foo]: =cmd,\t1 ', number: 5 },
      { line: 8, from: '[foo]', to: '#room', body: '`anthony:without a space', number: 4 },
    ]);
    expect(Object.fromEntries(skipped)).toEqual({
      'messages without a text': 1,
      actions: 1,
      'joins, parts and nick changes': 1,
    });
  });

  it('takes nicks that differ in case for one account, as channels do', () => {
    const { messages, accounts } = plan('[00:00] <Ana> BOB: hi', '[00:01] <bob> ana: hi', '[00:02] <ANA> bob, yes');
    expect(accounts).toEqual(['Ana', 'bob']);
    expect(messages.map(({ from, to, number }) => [from, to, number])).toEqual([
      ['Ana', 'bob', 1],
      ['bob', 'Ana', 1],
      ['Ana', 'bob', 2],
    ]);
  });

  it('gives names to those who cannot keep theirs, the same in every run, and takes none away', () => {
    const lines = [
      '[00:00] <-dash> a!b: hi',
      '[00:01] <a!b> dash: hi',
      '[00:02] <dash> -dash: hi',
      '[00:03] <a~b> ab: x',
    ];
    const { mapped, messages } = plan(...lines);
    expect(mapped).toEqual([
      { nick: '-dash', username: 'dash2' },
      { nick: 'a!b', username: 'ab' },
      { nick: 'a~b', username: 'ab2' },
    ]);
    expect(messages.map(({ from, to }) => [from, to])).toEqual([
      ['dash2', 'ab'],
      ['ab', 'dash'],
      ['dash', 'dash2'],
      ['ab2', '#room'],
    ]);
    expect(plan(...lines)).toEqual(plan(...lines));
  });

  it('leaves out what no server would take', () => {
    const { messages, skipped } = plan('[00:00] <a> a: \0', `[00:01] <a> a: ${'x'.repeat(20_000)}`);
    expect(messages).toEqual([]);
    expect(Object.fromEntries(skipped)).toEqual({
      'messages with a NUL character': 1,
      'messages that are too long': 1,
    });
  });
});
