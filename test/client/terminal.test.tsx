import { afterEach, describe, expect, it, vi } from 'vitest';
import { healthyCluster } from '../support/fake-chat.ts';
import { endShown, show, showChatOf } from '../support/shown-terminal.tsx';

afterEach(endShown);

describe('the first screen', () => {
  it('offers to create an account to someone who is here for the first time, and to log in to all others', async () => {
    await show(80, 24, true).shows('(•) Create an account');
    await show().shows('(•) Log in');
  });

  it('logs in with a masked password, and says a refusal in a sentence', async () => {
    const { chat, press, shows, frame } = show();
    chat.accounts.set('ana', 'correct horse');
    await shows('connecting · trying localhost:1538');
    chat.connect();
    await shows('● localhost:1538 · view 3 · servers 3 of 3');
    await press('ana', '\r');
    await shows('› Password');
    await press('wrong horse');
    await shows('•••••••••••');
    expect(frame()).not.toContain('wrong horse');
    await press('\r');
    await shows('There is no account "ana" with this password.');
    await press('\x15', 'correct horse', '\r');
    await shows('Welcome, ana.');
    expect(chat.asked.filter((one) => one.startsWith('log in'))).toEqual(['log in ana', 'log in ana']);
  });

  it('takes what was typed before it listened, when the terminal still made line feeds of Enter', async () => {
    const { chat, press, shows } = show();
    chat.accounts.set('ana', 'correct horse');
    chat.connect();
    await press('ana\ncorrect horse\n');
    await shows('Welcome, ana.');
  });

  it('creates an account, and judges name and password before asking a server', async () => {
    const { chat, press, shows } = show();
    chat.connect();
    await press('\x1b[A', '\x1b[C');
    await shows('(•) Create an account');
    await press('\t', 'two words', '\t', 'short', '\r');
    await shows(/contains " "/);
    await press('\x15', 'newcomer', '\r');
    await shows('The password has 5 characters; take at least 8');
    await press('\x15', 'long enough', '\r');
    await shows('Welcome, newcomer.');
  });
});

describe('the main screen', () => {
  it('lists conversations with unread counts, the most recent first, and groups messages by day', async () => {
    const { chat, shows, frame, press } = showChatOf('ana');
    chat.deliver('bob', 'ana', 'Good morning.');
    await shows('Good morning.');
    await press(' ');
    chat.deliver('carol', 'ana', 'One.');
    chat.deliver('carol', 'ana', 'Two.');
    await shows(/ carol +2 +│/);
    expect(frame()).toMatch(/\n {2}carol +2 [\s\S]*\n {2}bob /);
    expect(frame()).toContain('2025-11-21');
    expect(frame()).toMatch(/12:00 {2}bob {2}Good morning\./);
    await press('\x1b1');
    await shows('Two.');
    expect(frame()).not.toMatch(/carol +2/);
  });

  it('shows what is sent as waiting, then as sent; deleted messages and accounts too', async () => {
    const { chat, shows, frame, press } = showChatOf('ana');
    chat.acknowledges = false;
    await press('/to bob', '\r', 'hello bob', '\r');
    await shows(/you +hello bob +◌/);
    expect(frame()).toContain('1 waiting');
    chat.acknowledgeAll();
    await shows(/you +hello bob +✓/);
    expect(frame().match(/hello bob/g)).toHaveLength(1);
    await press('/delete', '\r');
    await shows('Enter deletes');
    await press('\r');
    await vi.waitFor(() => expect(frame()).not.toContain('hello bob'));
    chat.tell({ type: 'account-deleted', username: 'bob' });
    await shows(/bob +deleted/);
  });

  it('keeps what is typed while offline, says since when and whom it tries', async () => {
    const { chat, shows, frame, press } = showChatOf('ana');
    await press('/to bob', '\r', 'half a sentence');
    await shows('› half a sentence');
    const tried = ['localhost:1538', 'localhost:2538'];
    const reason = 'No server is reached (localhost:1538: connection refused).';
    chat.tell({ type: 'connection', state: { phase: 'offline', sinceMs: chat.nowMs - 5000, tried, reason } });
    await shows(/not connected since 11:59:55 \(5 s\) · trying localhost:1538, localhost:2538/);
    expect(frame()).toContain('connection refused');
    await press(' is kept', '\r');
    await shows(/half a sentence is kept +◌/);
    expect(frame()).not.toContain('› half');
  });

  it('tells of a move and how long it was silent, and shows the warning of a cluster that is too small', async () => {
    const { chat, shows } = showChatOf('ana');
    const members = ['localhost:2538', 'localhost:3538'];
    const warning = 'Only 2 of 3 servers are up: one more may fail.';
    chat.tell({
      type: 'connection',
      state: { phase: 'connected', server: 'localhost:2538', cluster: healthyCluster({ view: 4, members, warning }) },
    });
    chat.tell({ type: 'moved', from: 'localhost:1538', to: 'localhost:2538', silenceMs: 214 });
    await shows('Moved from localhost:1538 to localhost:2538 after 0.2 s; nothing was lost.');
    await shows(warning);
    await shows('● localhost:2538 · view 4 · servers 2 of 3');
  });

  it('opens and closes the help, which names every command and the keys', async () => {
    const { shows, frame, press } = showChatOf('ana');
    await press('/help', '\r');
    await shows('/msg NAME TEXT');
    expect(frame()).toContain('more rows · PgDn');
    await press('\x1b[6~');
    await shows('/delete-room');
    await press('\x1b[6~', '\x1b[6~', '\x1b[6~', '\x1b[6~');
    await shows('on the way, safe on the servers');
    await press('\x1b');
    await shows('Welcome, ana.');
  });

  it('lists accounts and opens a conversation with the chosen one', async () => {
    const { shows, press } = showChatOf('ana');
    await press('/list', '\r');
    await shows('3 accounts, 2 online');
    await press('\x1b[B', '\r');
    await shows('│ bob');
  });

  it('deletes the account only with its password', async () => {
    const { chat, shows, press } = showChatOf('ana');
    await press('/delete-account', '\r');
    await shows('Type its password');
    await press('wrong', '\r');
    await shows('The password is wrong.');
    await press('correct horse', '\r');
    await shows('The account ana is deleted.');
    expect(chat.asked.filter((one) => one === 'delete account')).toHaveLength(2);
  });

  it('lets nothing in a message or a name at the terminal', async () => {
    const { chat, shows, frame } = showChatOf('ana');
    chat.deliver('e\x1b[31mve\u202e', 'ana', '\x1b]0;owned\x07\x1b[2J\x9b1m \r overwritten \u202eesrever');
    await shows('overwritten');
    // Ink's own styles are the only sequences in a frame.
    const unstyled = frame().replace(/\x1b\[[\d;]*m/g, '');
    expect(unstyled).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
    expect(frame()).not.toContain('\x1b[31mve');
    expect(unstyled).toContain('␛[2J');
  });

  it('is whole at 40 by 10', async () => {
    const { chat, shows, frame, press } = show(40, 10);
    chat.enter('ana');
    chat.deliver('bob', 'ana', 'A message that has to be wrapped because the window is narrow.');
    await press('an answer');
    await shows('› an answer');
    const rows = frame().split('\n');
    expect(rows).toHaveLength(9);
    expect(rows.every((row) => row.replace(/\x1b\[[\d;]*m/g, '').length <= 40)).toBe(true);
    expect(frame()).toContain('narrow.');
    expect(frame()).toContain('● localhost:1538');
  });

  it('rooms are joined from a list; the bell rings and the title tells for what is not in sight', async () => {
    const { chat, shows, press, rings } = showChatOf('ana');
    chat.putRoom('#lobby', 'all of us', ['bob']);
    await press('/rooms', '\r');
    await shows(/#lobby +1 member · all of us/);
    await press('\r');
    await shows('#lobby · 2 members · all of us');
    chat.deliver('bob', 'ana', 'psst');
    await shows(/bob +1 +│/);
    await vi.waitFor(() => expect(rings()).toBe(1));
    await press('\x1ba');
    await shows('psst');
    await vi.waitFor(() => expect(chat.asked).toContain('read bob 2'));
  });

  it('scrolls with the wheel, and knows when the window is not looked at', async () => {
    const { chat, shows, press, frame } = showChatOf('ana');
    for (let number = 1; number <= 60; number++) chat.deliver('bob', 'ana', `number ${number}.`);
    await shows('number 60.');
    await press('\x1b[<64;10;5M\x1b[<64;10;5M');
    await shows('6 messages below');
    expect(frame()).not.toContain('number 60.');
    await press('\x1b[<65;10;5M', '\x1b[<65;10;5M', '\x1b[O');
    await shows('number 60.');
    chat.deliver('bob', 'ana', 'while away');
    await shows('─ new ─');
    expect(chat.asked).not.toContain('read bob 61');
    await press('\x1b[I');
    await vi.waitFor(() => expect(chat.asked).toContain('read bob 61'));
  });

  it('changes the password after it was typed twice', async () => {
    const { chat, shows, press } = showChatOf('ana');
    await press('/password', '\r', 'correct horse', '\t', 'new and long', '\t', 'new and lung', '\r');
    await shows('typed in two ways');
    await press('\x15', 'new and long', '\r');
    await shows('The password is changed');
    expect(chat.accounts.get('ana')).toBe('new and long');
  });

  it('tells the server what was received, the highest position once, and quits with Ctrl+C', async () => {
    const { chat, shows, press, quits } = showChatOf('ana');
    for (let number = 1; number <= 50; number++) chat.deliver('bob', 'ana', `number ${number}`);
    await shows('number 50');
    await vi.waitFor(() => expect(chat.asked.filter((one) => one.startsWith('received')).at(-1)).toBe('received 50'));
    expect(chat.asked.filter((one) => one.startsWith('received')).length).toBeLessThan(10);
    await press('\x03');
    await vi.waitFor(() => expect(quits()).toBe(1));
  });
});
