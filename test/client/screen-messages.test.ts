import { describe, expect, it } from 'vitest';
import { openOf } from '../../client/screen/conversations.ts';
import type { ChatRequest, Effect } from '../../client/screen/effects.ts';
import { refusal, success } from '../../shared/errors.ts';
import { ScreenDriver } from '../support/screen-driver.ts';

function inBob(...bodies: [from: string, body: string][]): ScreenDriver {
  const driver = new ScreenDriver();
  driver.enter();
  driver.type('/to bob');
  driver.key('enter');
  for (const [from, body] of bodies) driver.deliver(from, from === 'ana' ? 'bob' : 'ana', body);
  return driver;
}

function lastRequest(driver: ScreenDriver): ChatRequest | undefined {
  return driver.effects.findLast((one): one is Extract<Effect, { type: 'request' }> => one.type === 'request')?.request;
}

function answer(driver: ScreenDriver, ok: boolean): void {
  const effect = driver.effects.findLast((one) => one.type === 'request')!;
  const result = ok ? success({}) : refusal('forbidden', 'That is not possible.');
  driver.input({ type: 'answered', answer: { effect, result } });
}

describe('a selected message', () => {
  it('is answered: the reply says to what, and is shown with a quoted line', () => {
    const driver = inBob(['bob', 'shall we?'], ['bob', 'or not']);
    driver.key('ctrl+up');
    driver.key('up');
    driver.type('r');
    expect(driver.text).toContain('answering bob: shall we?');
    driver.type('yes');
    driver.key('enter');
    expect(driver.effects.findLast((one) => one.type === 'send')).toMatchObject({ body: 'yes', replyTo: 'm1' });
    driver.event({ type: 'outbox', waiting: [{ request: 1, to: 'bob', body: 'yes', replyTo: 'm1', typedAt: 1e12 }] });
    expect(driver.text).not.toContain('answering');
    expect(driver.text).toMatch(/┌ bob: shall we\? *\n.*yes +◌/);
  });

  it('that is one’s own is edited; what was being typed comes back, and the text leaves only when it is saved', () => {
    const driver = inBob(['ana', 'helo']);
    driver.type('something else');
    driver.key('ctrl+up');
    driver.type('e');
    expect(driver.composer).toBe('helo');
    driver.key('backspace');
    driver.type('lo');
    driver.key('enter');
    expect(lastRequest(driver)).toMatchObject({ call: 'edit-message', id: 'm1', body: 'hello' });
    answer(driver, false);
    expect(driver.composer).toBe('hello');
    driver.key('enter');
    driver.event({ type: 'message-edited', id: 'm1', position: 9, body: 'hello', at: 1e12 });
    answer(driver, true);
    expect(driver.composer).toBe('something else');
    expect(driver.text).toMatch(/hello \(edited\) +✓/);
  });

  it('is left as it was with Esc, and others’ messages cannot be edited', () => {
    const driver = inBob(['ana', 'mine'], ['bob', 'yours']);
    driver.type('draft');
    driver.key('ctrl+up');
    driver.type('e');
    expect(driver.text).toContain('your own messages only');
    driver.key('escape');
    driver.key('ctrl+up');
    driver.key('up');
    driver.type('e');
    expect(driver.composer).toBe('mine');
    driver.key('escape');
    driver.key('escape');
    expect([driver.composer, openOf(driver.state)?.context]).toEqual(['draft', null]);
  });

  it('is reacted to by a number or by typing; the same again takes it back', () => {
    const driver = inBob(['bob', 'cake!']);
    driver.key('ctrl+up');
    driver.type('+');
    driver.type('4');
    expect(lastRequest(driver)).toEqual({ call: 'react', id: 'm1', reaction: '🎉', on: true });
    driver.event({ type: 'message-reacted', id: 'm1', position: 2, from: 'ana', reaction: '🎉', on: true });
    driver.event({ type: 'message-reacted', id: 'm1', position: 3, from: 'bob', reaction: '🎉', on: true });
    expect(driver.text).toContain('🎉 2');
    driver.type('+');
    driver.type('🎉');
    driver.key('enter');
    expect(lastRequest(driver)).toEqual({ call: 'react', id: 'm1', reaction: '🎉', on: false });
    driver.event({ type: 'message-reacted', id: 'm1', position: 4, from: 'Ana', reaction: '🎉', on: false });
    expect(driver.text).toContain('🎉 1');
  });

  it('is deleted after being asked, and leaves a mark where it stood', () => {
    const driver = inBob(['ana', 'oops'], ['bob', 'what?']);
    driver.key('ctrl+up');
    driver.type('d');
    expect(lastRequest(driver)).toBeUndefined();
    driver.key('up');
    driver.type('d');
    driver.key('enter');
    expect(lastRequest(driver)).toEqual({ call: 'delete-message', id: 'm1' });
    driver.remove('m1');
    expect(driver.text).not.toContain('oops');
    expect(driver.text).toMatch(/you +deleted/);
  });

  it('is no longer selected when something else is typed', () => {
    const driver = inBob(['bob', 'hi']);
    driver.key('ctrl+up');
    driver.type('well');
    expect([driver.composer, driver.state.selection]).toEqual(['well', null]);
  });
});

describe('what is told late', () => {
  it('an edit told before the history that was read earlier is not undone by it', () => {
    const driver = new ScreenDriver();
    driver.event({ type: 'logged-in', username: 'ana' });
    driver.list();
    const effect = driver.effects.findLast((one) => one.type === 'history')!;
    driver.event({ type: 'message-edited', id: 'm1', position: 3, body: 'after', at: 2000 });
    const messages = [{ id: 'm1', position: 1, from: 'bob', to: 'ana', body: 'before', at: 1000 }];
    const value = { messages, deletions: [], changes: [], position: 2, more: false };
    driver.input({ type: 'answered', answer: { effect, result: success(value) } });
    expect(driver.text).toContain('after (edited)');
  });

  it('an answered message that is not here is asked for once, and shown', () => {
    const driver = inBob();
    driver.deliver('bob', 'ana', 'so it was', false, { replyTo: 'm99' });
    driver.deliver('bob', 'ana', 'really', false, { replyTo: 'm99' });
    expect(driver.effects.filter((one) => one.type === 'quoted')).toHaveLength(1);
    expect(driver.text).toContain('┌ an earlier message');
    const effect = driver.effects.findLast((one) => one.type === 'quoted')!;
    const message = { id: 'm99', position: 1, from: 'ana', to: 'bob', body: 'will it rain?', at: 1000 };
    driver.input({ type: 'answered', answer: { effect, result: success(message) } });
    expect(driver.text).toContain('┌ you: will it rain?');
  });
});

describe('a failed message', () => {
  it('is sent again with a key, and leaves the composer if its text came back there', () => {
    const driver = inBob();
    driver.type('again');
    driver.key('enter');
    driver.land();
    driver.refuse('The servers are full.');
    expect(driver.text).toMatch(/not sent: The servers are full\. +\(Alt\+R/);
    driver.key('alt+r');
    driver.key('alt+r');
    expect(driver.handed).toEqual([{ to: 'bob', body: 'again' }]);
    driver.land();
    expect(driver.composer).toBe('');
    driver.acknowledge();
    expect(driver.text.match(/again/g)).toHaveLength(1);
    expect(driver.text).toContain('✓ safe on 3 servers');
  });
});

describe('a paste', () => {
  it('of more than five lines is asked about before it is put into the composer', () => {
    const driver = inBob();
    driver.type('see: ');
    driver.paste('1\n2\n3\n4\n5\n');
    expect(driver.composer).toBe('see: 1\n2\n3\n4\n5\n');
    driver.key('ctrl+u');
    driver.paste('1\r\n2\r\n3\r\n4\r\n5\r\n6');
    expect(driver.text).toContain('6 lines were pasted');
    driver.key('escape');
    expect(driver.composer).toBe('see: 1\n2\n3\n4\n5\n');
    driver.paste('1\n2\n3\n4\n5\n6\n7\n');
    driver.key('enter');
    expect(driver.composer).toBe('see: 1\n2\n3\n4\n5\n1\n2\n3\n4\n5\n6\n7');
    expect(driver.effects.some((one) => one.type === 'send')).toBe(false);
  });
});

describe('finding', () => {
  it('goes to a message far back: its history is fetched until it is there', () => {
    const driver = inBob();
    for (let number = 0; number < 40; number++) driver.deliver('bob', 'ana', `number ${number}`);
    driver.event({ type: 'reload', reason: 'Once more.' });
    driver.list();
    const old = { id: 'm5', position: 5, from: 'bob', to: 'ana', body: 'the needle', at: 5000 };
    const page = (messages: (typeof old)[], more: boolean): void => {
      const effect = driver.effects.findLast((one) => one.type === 'history')!;
      const value = { messages, deletions: [], changes: [], position: 40, more };
      driver.input({ type: 'answered', answer: { effect, result: success(value) } });
    };
    const newest = Array.from({ length: 30 }, (_, at) => ({
      ...old,
      id: `m${at + 10}`,
      position: at + 10,
      body: 'hay',
    }));
    page(newest, true);
    driver.key('ctrl+f');
    driver.type('needle');
    driver.key('enter');
    const effect = driver.effects.findLast((one) => one.type === 'search')!;
    expect(effect).toMatchObject({ text: 'needle', with: 'bob' });
    driver.input({
      type: 'answered',
      answer: { effect, result: success({ messages: [old], position: 1, more: false }) },
    });
    expect(driver.text).toContain('1 message');
    driver.key('enter');
    expect(driver.text).not.toContain('the needle');
    expect(driver.text).toContain('looking for the message');
    page([old], false);
    expect(driver.text).toContain('the needle');
    expect(driver.state.selection?.position).toBe(5);
  });

  it('jumps to a conversation by some letters of its name', () => {
    const driver = inBob();
    driver.deliver('carol', 'ana', 'hi');
    driver.deliver('Bernard', 'ana', 'hi');
    driver.key('ctrl+k');
    driver.type('crl');
    driver.key('enter');
    expect(driver.state.open).toBe('carol');
    driver.key('ctrl+k');
    driver.type('b');
    expect(driver.text).toMatch(/Bernard[\s\S]*bob/);
    driver.key('escape');
    expect(driver.state.open).toBe('carol');
  });
});
