import { describe, expect, it } from 'vitest';
import { orderedConversations } from '../../client/screen/conversations.ts';
import type { Effect } from '../../client/screen/effects.ts';
import type { ScreenState } from '../../client/screen/model.ts';
import { windowTitle } from '../../client/screen/notifications.ts';
import { mentions } from '../../client/screen/unread.ts';
import type { Conversation } from '../../shared/api.ts';
import { success } from '../../shared/errors.ts';
import { ScreenDriver } from '../support/screen-driver.ts';

const LOBBY = { name: '#lobby', topic: 'anything', owner: 'bob', members: 3 };

function lobby(changes: Partial<Conversation> = {}): Conversation {
  return { with: '#lobby', last: 0, read: 0, unread: 0, room: LOBBY, ...changes };
}

function bob(changes: Partial<Conversation> = {}): Conversation {
  return { with: 'bob', last: 0, read: 0, unread: 0, online: true, ...changes };
}

/** Logged in with a conversation with bob, which is open, and a room. */
function inBob(): ScreenDriver {
  const driver = new ScreenDriver();
  driver.enter();
  driver.list(bob(), lobby());
  driver.type('/to bob');
  driver.key('enter');
  return driver;
}

function effects<T extends Effect['type']>(driver: ScreenDriver, type: T): Extract<Effect, { type: T }>[] {
  return driver.effects.filter((one): one is Extract<Effect, { type: T }> => one.type === type);
}

function unread(state: ScreenState, name: string): number | undefined {
  return orderedConversations(state).find((one) => one.name === name)?.unread;
}

describe('unread counts', () => {
  it('are those of the servers, and go up with what comes later, each message once', () => {
    const driver = inBob();
    for (let number = 0; number < 3; number++) driver.deliver('bob', '#lobby', 'hi');
    expect(unread(driver.state, '#lobby')).toBe(3);
    driver.list(bob(), lobby({ last: 3, read: 1, unread: 2 }));
    expect(unread(driver.state, '#lobby')).toBe(2);
    driver.deliver('bob', '#lobby', 'and on');
    expect(unread(driver.state, '#lobby')).toBe(3);
    driver.remove('m4');
    expect(unread(driver.state, '#lobby')).toBe(2);
  });

  it('count what came between the making of the list and its arrival', () => {
    const driver = inBob();
    for (let number = 0; number < 4; number++) driver.deliver('bob', '#lobby', 'hi');
    driver.list(bob(), lobby({ last: 2, read: 0, unread: 2 }));
    expect(unread(driver.state, '#lobby')).toBe(4);
  });

  it('go down with what is read on another device, and the window’s title with them', () => {
    const driver = inBob();
    for (let number = 0; number < 4; number++) driver.deliver('carol', '#lobby', 'hi');
    expect(windowTitle(driver.state)).toBe('(4) understudy · ana');
    driver.event({ type: 'conversation-read', with: '#lobby', read: 3 });
    expect(unread(driver.state, '#lobby')).toBe(1);
    driver.event({ type: 'conversation-read', with: '#lobby', read: 2 });
    expect(unread(driver.state, '#lobby')).toBe(1);
    driver.event({ type: 'conversation-read', with: '#lobby', read: 4 });
    expect(windowTitle(driver.state)).toBe('understudy · ana');
  });

  it('are told to be read once the newest message is in sight, and set off by a line', () => {
    const driver = inBob();
    driver.deliver('carol', '#lobby', 'old');
    driver.event({ type: 'conversation-read', with: '#lobby', read: 1 });
    driver.deliver('carol', '#lobby', 'fresh');
    expect(effects(driver, 'read')).toEqual([]);
    driver.key('alt+a');
    expect(driver.state.open).toBe('#lobby');
    expect(effects(driver, 'read')).toEqual([{ type: 'read', conversation: '#lobby', position: 2 }]);
    expect(driver.text).toMatch(/old *\n.*─ new ─.*\n.*fresh/);
  });

  it('are set off in what is open from the start, too', () => {
    const driver = new ScreenDriver();
    driver.event({ type: 'logged-in', username: 'ana' });
    driver.deliver('bob', 'ana', 'read before');
    driver.deliver('bob', 'ana', 'came meanwhile');
    driver.answerHistory();
    expect(effects(driver, 'read')).toEqual([]);
    driver.list(bob({ last: 2, read: 1, unread: 1 }));
    expect(driver.text).toMatch(/read before *\n.*─ new ─.*\n.*came meanwhile/);
    expect(effects(driver, 'read')).toEqual([{ type: 'read', conversation: 'bob', position: 2 }]);
  });

  it('stay when nobody has pressed a key for long, or the window is not looked at', () => {
    const driver = inBob();
    driver.key('blur');
    driver.deliver('bob', 'ana', 'are you there?');
    expect(unread(driver.state, 'bob')).toBe(1);
    driver.key('focus');
    expect(unread(driver.state, 'bob')).toBe(0);
    driver.input({ type: 'tick', nowMs: driver.state.nowMs + 600_000 });
    driver.deliver('bob', 'ana', 'and now?');
    expect(unread(driver.state, 'bob')).toBe(1);
    expect(driver.text).toMatch(/─ new ─.*\n.*and now\?/);
  });

  it('what was read here while nobody could be told is told as soon as the servers count it as unread', () => {
    const driver = inBob();
    driver.deliver('bob', 'ana', 'seen');
    driver.list(bob({ last: 1, read: 0, unread: 1 }), lobby());
    expect(unread(driver.state, 'bob')).toBe(0);
    expect(effects(driver, 'read').at(-1)).toEqual({ type: 'read', conversation: 'bob', position: 1 });
  });
});

describe('a conversation with one person', () => {
  it('shows their display name beside their messages', () => {
    const driver = inBob();
    driver.deliver('bob', 'ana', 'hi');
    driver.event({ type: 'account-changed', username: 'bob', displayName: 'Bobby\u202e' });
    expect(driver.text).toMatch(/ Bobby\S* +hi/);
    driver.event({ type: 'account-changed', username: 'bob', displayName: 'you' });
    expect(driver.text).toMatch(/ bob +hi/);
  });
});

describe('being called', () => {
  it('mentions and direct messages ring, other messages in rooms do not; nothing rings in sight or muted', () => {
    const driver = inBob();
    const rings = (): number => effects(driver, 'ring').length;
    driver.deliver('bob', 'ana', 'in sight');
    driver.deliver('carol', '#lobby', 'not for you');
    expect(rings()).toBe(0);
    driver.deliver('carol', '#lobby', 'Ana: for you');
    driver.deliver('carol', 'ana', 'hello');
    expect(rings()).toBe(2);
    driver.type('/mute #lobby');
    driver.key('enter');
    expect(effects(driver, 'keep-muted').at(-1)).toEqual({ type: 'keep-muted', names: ['#lobby'] });
    driver.deliver('carol', '#lobby', 'ana again');
    expect(rings()).toBe(2);
    expect(driver.text).toMatch(/#lobby +@3/);
    driver.key('blur');
    driver.deliver('bob', 'ana', 'out of sight');
    expect(rings()).toBe(3);
  });

  it('a name is meant when it stands as a word of its own', () => {
    for (const body of ['ana', '@ana!', 'well, Ana.', 'ＡＮＡ?', 'ana, look', '"ana"'])
      expect(mentions(body, 'ana')).toBe(true);
    for (const body of ['banana', 'anagram', 'ana-maria', 'x.ana', 'ana_2', ''])
      expect(mentions(body, 'ana')).toBe(false);
  });
});

describe('rooms', () => {
  it('are joined and left by commands, and listed as the servers tell', () => {
    const driver = inBob();
    driver.type('/join new');
    driver.key('enter');
    expect(effects(driver, 'request').at(-1)?.request).toEqual({ call: 'join-room', room: '#new' });
    driver.event({ type: 'room-changed', room: { name: '#new', topic: '', owner: 'eve', members: 2 } });
    driver.answer(true, '');
    expect(driver.state.open).toBe('#new');
    driver.type('/leave');
    driver.key('enter');
    expect(effects(driver, 'request').at(-1)?.request).toEqual({ call: 'leave-room', room: '#new' });
    driver.event({ type: 'room-left', room: '#new', username: 'ana', removed: false });
    expect(driver.state.conversations.has('#new')).toBe(false);
    driver.list(bob());
    expect([...driver.state.conversations.keys()]).toEqual(['bob']);
  });

  it('one that ends while something is typed there stays until that is dealt with', () => {
    const driver = inBob();
    driver.type('/to #lobby');
    driver.key('enter');
    driver.type('half a sentence');
    driver.event({ type: 'room-deleted', room: '#lobby' });
    expect(driver.composer).toBe('half a sentence');
    expect(driver.text).toContain('room deleted');
    driver.key('ctrl+u');
    driver.type('/leave');
    driver.key('enter');
    expect(driver.state.conversations.has('#lobby')).toBe(false);
  });

  it('show their members on wide screens, those who are there first', () => {
    const driver = inBob();
    driver.input({ type: 'resize', columns: 140, rows: 30 });
    driver.type('/to #lobby');
    driver.key('enter');
    const effect = effects(driver, 'members').at(-1)!;
    const members = ['ana', 'bob', 'carol'].map((username) => ({ username, online: username === 'carol' }));
    driver.input({ type: 'answered', answer: { effect, result: success({ members, more: false }) } });
    expect(driver.text).toContain('3 members, 1 online');
    expect(driver.text).toMatch(/● carol[\s\S]*○ ana[\s\S]*○ bob \*/);
    driver.event({ type: 'presence', username: 'bob', online: true });
    driver.event({ type: 'room-joined', room: '#lobby', username: 'dave' });
    driver.event({ type: 'room-left', room: '#lobby', username: 'carol', removed: false });
    expect(driver.text).toMatch(/● bob \*[\s\S]*● dave[\s\S]*○ ana/);
    expect(driver.text).toContain('#lobby · 3 members · anything');
  });

  it('name members as they want to be called, unless that is what somebody else is called', () => {
    const driver = inBob();
    driver.input({ type: 'resize', columns: 140, rows: 30 });
    driver.type('/to #lobby');
    driver.key('enter');
    driver.deliver('bob', '#lobby', 'first');
    driver.deliver('carol', '#lobby', 'second');
    driver.deliver('dave', '#lobby', 'third');
    const effect = effects(driver, 'members').at(-1)!;
    const members = [
      { username: 'bob', online: true, displayName: 'Bob the Builder' },
      { username: 'carol', online: true, displayName: 'Ｂｏｂ' },
      { username: 'dave', online: true, displayName: 'You' },
    ];
    driver.input({ type: 'answered', answer: { effect, result: success({ members, more: false }) } });
    expect(driver.text).toMatch(/Bob the Bui… +first[\s\S]*carol +second[\s\S]*dave +third/);
    expect(driver.text).toContain('● bob * Bob the B');
    driver.event({ type: 'account-changed', username: 'carol', displayName: 'Carol' });
    driver.event({ type: 'account-changed', username: 'bob', displayName: '' });
    expect(driver.text).toMatch(/bob +first[\s\S]*Carol +second/);
  });

  it('say who is typing, until that ends or they send something', () => {
    const driver = inBob();
    driver.event({ type: 'typing', with: 'bob', username: 'bob', typing: true });
    expect(driver.text).toContain('bob is typing');
    driver.deliver('bob', 'ana', 'done');
    expect(driver.text).not.toContain('is typing');
    driver.event({ type: 'typing', with: 'bob', username: 'bob', typing: true });
    driver.input({ type: 'tick', nowMs: driver.state.nowMs + 7000 });
    expect(driver.text).not.toContain('is typing');
  });

  it('are told that the user types a message there, but not of commands, and of its end', () => {
    const driver = inBob();
    driver.type('/help');
    driver.key('ctrl+u');
    expect(effects(driver, 'typing')).toEqual([]);
    driver.type('he');
    driver.type('llo');
    driver.key('enter');
    driver.land();
    expect(effects(driver, 'typing').map((one) => one.typing)).toEqual([true, true, false]);
  });
});
