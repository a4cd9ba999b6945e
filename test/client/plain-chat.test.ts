import { afterEach, describe, expect, it, vi } from 'vitest';
import { LineInput } from '../../client/terminal/line-input.ts';
import { PlainChat } from '../../client/terminal/plain-chat.ts';
import { ScreenStore } from '../../client/terminal/screen-store.ts';
import { FakeChat } from '../support/fake-chat.ts';
import { utcCalendar } from '../support/screen-driver.ts';

const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function show(): { chat: FakeChat; plain: PlainChat; lines: string[]; says: (text: string | RegExp) => Promise<void> } {
  const chat = new FakeChat();
  for (const name of ['ana', 'bob', 'carol']) chat.accounts.set(name, 'correct horse');
  const now = (): number => chat.nowMs;
  const store = new ScreenStore({ chat, calendar: utcCalendar, columns: 80, rows: 24, now, onQuit: () => {} });
  const lines: string[] = [];
  const plain = new PlainChat({ chat, store, write: (line) => lines.push(line) });
  ends.push(() => {
    plain.stop();
    store.stop();
  });
  chat.start();
  const says = async (text: string | RegExp): Promise<void> => {
    await vi.waitFor(() => expect(lines.join('\n')).toMatch(text));
  };
  return { chat, plain, lines, says };
}

describe('the chat line by line', () => {
  it('asks for name and password, says when a password is typed, and logs in', async () => {
    const { chat, plain, says } = show();
    chat.connect();
    await says('Type your username');
    plain.line('ana');
    await says('Type your password');
    expect(plain.isSecret).toBe(true);
    plain.line('wrong');
    await says('There is no account "ana" with this password.');
    plain.line('correct horse');
    await says('Logged in as ana.');
    expect(plain.isSecret).toBe(false);
  });

  it('creates an account when asked to', async () => {
    const { chat, plain, says } = show();
    chat.connect();
    plain.line('/create-account');
    await says('Create an account. Type your username');
    plain.line('newcomer');
    await says('Type your password');
    plain.line('long enough');
    await says('Logged in as newcomer.');
  });

  it('reads out what comes once, with where it was said, and how own messages fare', async () => {
    const { chat, plain, lines, says } = show();
    chat.enter('ana');
    chat.putRoom('#lobby', 'all of us', ['bob', 'ana']);
    chat.tell({ type: 'conversations', conversations: chat.conversations() });
    plain.line('/to #lobby');
    await says('Now in #lobby, 2 members, all of us.');
    chat.deliver('bob', '#lobby', 'hello\nthere');
    chat.deliver('carol', 'ana', 'psst \x1b[2J\u202e');
    await says(/bob: hello\n {2}there\n\[carol\] carol: psst ␛\[2J<U\+202E>/);
    chat.acknowledges = false;
    plain.line('first');
    plain.line('second');
    chat.acknowledgeAll();
    await says('Sent; safe on 3 servers.');
    expect(chat.asked.filter((one) => one.startsWith('send'))).toEqual(['send #lobby: first', 'send #lobby: second']);
    expect(lines.filter((line) => line.includes('hello'))).toHaveLength(1);
  });

  it('knows all commands: lists are read out, questions want a yes', async () => {
    const { chat, plain, says } = show();
    chat.enter('ana');
    plain.line('/list');
    await says('3 accounts, 2 online');
    plain.line('/help');
    await says(/\/join #ROOM +become a member/);
    plain.line('/create lobby');
    await says('The room #lobby is made');
    plain.line('/delete-room');
    await says('Type yes to do it.');
    plain.line('no');
    plain.line('/delete-room');
    plain.line('yes');
    await says('The room #lobby was deleted.');
    expect(chat.asked.filter((one) => one.startsWith('delete room'))).toHaveLength(1);
    plain.line('/password');
    await says('Password now, not shown:');
    for (const line of ['correct horse', 'new and long', 'new and long']) plain.line(line);
    await says('The password is changed');
  });

  it('a refused text is read out, and not sent with the next one', async () => {
    const { chat, plain, says } = show();
    chat.enter('ana');
    plain.line('/to bob');
    chat.acknowledges = false;
    plain.line('to nobody');
    chat.refuseAll('There is no account "bob".');
    await says('Not sent to bob: There is no account "bob".');
    plain.line('another');
    await says('Not sent: to nobody');
    expect(chat.asked.filter((one) => one.startsWith('send'))).toEqual(['send bob: to nobody', 'send bob: another']);
  });
});

describe('lines from a terminal', () => {
  it('come whole or key by key; Ctrl+C and the end of the input leave', () => {
    const lines: string[] = [];
    const left: number[] = [];
    const input = new LineInput(
      (line) => lines.push(line),
      (status) => left.push(status),
    );
    const push = (text: string): void => input.push(new TextEncoder().encode(text));
    push('whole line\nand ');
    for (const key of ['p', 'ä', 'x', '\x7f', '\r', '\x04', '\x03']) push(key);
    expect(lines).toEqual(['whole line', 'and pä']);
    expect(left).toEqual([0, 130]);
  });
});
