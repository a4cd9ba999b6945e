import { describe, expect, it } from 'vitest';
import { orderedConversations } from '../../client/screen/conversations.ts';
import { ScreenDriver } from '../support/screen-driver.ts';

describe('sending', () => {
  function inConversation(): ScreenDriver {
    const driver = new ScreenDriver();
    driver.enter();
    driver.type('/to bob');
    driver.key('enter');
    return driver;
  }

  it('the text leaves the composer when it is in the outbox, not before, and a second Enter sends nothing', () => {
    const driver = inConversation();
    driver.type('hello');
    driver.key('enter');
    driver.key('enter');
    expect(driver.composer).toBe('hello');
    expect(driver.effects.filter((effect) => effect.type === 'send')).toHaveLength(1);
    driver.type(' and more');
    driver.land();
    expect(driver.composer).toBe(' and more');
  });

  it('waiting, sent and failed messages are told apart', () => {
    const driver = inConversation();
    for (const text of ['first', 'second']) {
      driver.type(text);
      driver.key('enter');
      driver.land();
    }
    expect(driver.text).toMatch(/first +◌/);
    driver.acknowledge();
    expect(driver.text).toMatch(/first +✓/);
    expect(driver.text.match(/first/g)).toHaveLength(1);
    driver.refuse('There is no account "bob".');
    expect(driver.text).toMatch(/second +✗/);
    expect(driver.text).toContain('There is no account "bob".');
    expect(driver.composer).toBe('second');
  });

  it('a refused text does not push aside what is being typed, and comes back with the up arrow', () => {
    const driver = inConversation();
    driver.type('refused');
    driver.key('enter');
    driver.land();
    driver.type('half a sent');
    driver.refuse();
    expect(driver.composer).toBe('half a sent');
    driver.key('up');
    expect(driver.composer).toBe('refused');
    driver.key('down');
    expect(driver.composer).toBe('half a sent');
  });

  it('a refusal before the outbox leaves the text where it was typed', () => {
    const driver = inConversation();
    driver.type('far too long');
    driver.key('enter');
    driver.refuseHanded();
    expect(driver.composer).toBe('far too long');
    expect(driver.text).toContain('at most 16384');
  });

  it('each conversation keeps its own draft', () => {
    const driver = inConversation();
    driver.type('for bob');
    driver.deliver('carol', 'ana', 'hi');
    driver.key('ctrl+n');
    expect(driver.composer).toBe('');
    driver.type('for carol');
    driver.key('ctrl+n');
    expect(driver.composer).toBe('for bob');
  });

  it('/msg leads to the conversation it went to, once it is in the outbox', () => {
    const driver = inConversation();
    driver.type('/msg carol hi there');
    driver.key('enter');
    expect([driver.state.open, driver.composer]).toEqual(['bob', '/msg carol hi there']);
    driver.land();
    expect([driver.state.open, driver.composer]).toEqual(['carol', '']);
    expect(driver.text).toMatch(/hi there +◌/);
    driver.key('ctrl+n');
    expect([driver.state.open, driver.composer]).toEqual(['bob', '']);
  });

  it('a pasted text of several lines is one message', () => {
    const driver = inConversation();
    driver.type('one\r\ntwo\nthree');
    driver.key('enter');
    expect(driver.handed).toEqual([{ to: 'bob', body: 'one\ntwo\nthree' }]);
  });

  it('one that waited for a log-in and got a new number is neither doubled nor called sent', () => {
    const driver = inConversation();
    driver.type('parked');
    driver.key('enter');
    driver.land();
    driver.event({ type: 'logged-out', reason: 'The log-in ended.' });
    driver.event({ type: 'outbox', waiting: [] });
    driver.event({ type: 'logged-in', username: 'ana' });
    driver.event({ type: 'outbox', waiting: driver.outbox.map((one) => ({ ...one, request: one.request + 10 })) });
    expect(driver.text).toMatch(/parked +◌/);
    expect(driver.text.match(/parked/g)).toHaveLength(1);
  });
});

describe('reading', () => {
  it('history of 100,000 messages is scrolled through without making more than the rows in sight', () => {
    const driver = new ScreenDriver();
    driver.enter();
    for (let number = 1; number <= 100_000; number++) driver.deliver('bob', 'ana', `number ${number}`);
    expect(driver.text).toContain('number 100000');
    driver.key('page-up');
    expect(driver.text).toMatch(/\d+ messages below · PgDn/);
    expect(driver.text).not.toContain('number 100000');
    driver.deliver('bob', 'ana', 'a new one');
    expect(driver.text).not.toContain('a new one');
    driver.key('page-down');
    driver.key('page-down');
    expect(driver.text).toContain('a new one');
    expect(orderedConversations(driver.state)[0]?.unread).toBe(0);
  });

  it('asks for older messages once at the top, and again only after an answer', () => {
    const driver = new ScreenDriver();
    driver.event({ type: 'logged-in', username: 'ana' });
    for (let number = 1; number <= 40; number++) driver.deliver('bob', 'ana', `number ${number}`);
    for (let times = 0; times < 5; times++) driver.key('page-up');
    const asked = driver.effects.filter((effect) => effect.type === 'history' && effect.conversation === 'bob');
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ ask: { with: 'bob', before: 1 } });
    expect(driver.text).toContain('fetching older messages');
  });

  it('a message longer than the screen can be read row by row', () => {
    const driver = new ScreenDriver();
    driver.enter();
    const rows = Array.from({ length: 60 }, (_, row) => `row-${row}.`);
    driver.deliver('bob', 'ana', rows.join('\n'));
    const seen = new Set<string>();
    for (let times = 0; times < 6; times++) {
      for (const row of rows) if (driver.text.includes(row)) seen.add(row);
      driver.key('page-up');
    }
    expect([...seen]).toHaveLength(60);
  });

  it('deleted messages vanish, also when history that was read earlier arrives later', () => {
    const driver = new ScreenDriver();
    driver.event({ type: 'logged-in', username: 'ana' });
    const effect = driver.effects.findLast((one) => one.type === 'history')!;
    driver.event({ type: 'message-deleted', id: 'm1', position: 3 });
    const messages = [{ id: 'm1', position: 1, from: 'bob', to: 'ana', body: 'regretted', at: 1000 }];
    const value = { messages, deletions: [], changes: [], position: 2, more: false };
    driver.input({ type: 'answered', answer: { effect, result: { ok: true, value } } });
    expect(driver.text).not.toContain('regretted');
  });

  it('answers of an earlier account or cluster are dropped', () => {
    const driver = new ScreenDriver();
    driver.event({ type: 'logged-in', username: 'ana' });
    const effect = driver.effects.findLast((one) => one.type === 'history')!;
    driver.event({ type: 'reload', reason: 'Another cluster answers.' });
    const messages = [{ id: 'm1', position: 1, from: 'bob', to: 'ana', body: 'from elsewhere', at: 1000 }];
    const value = { messages, deletions: [], changes: [], position: 2, more: false };
    driver.input({ type: 'answered', answer: { effect, result: { ok: true, value } } });
    expect(driver.text).not.toContain('from elsewhere');
  });

  it('what was told in an earlier session is not unread', () => {
    const driver = new ScreenDriver();
    driver.state = { ...driver.state, everConnected: false, connection: { phase: 'closed' } };
    driver.event({ type: 'logged-in', username: 'ana' });
    driver.deliver('bob', 'ana', 'old', true);
    driver.deliver('carol', 'ana', 'old too', true);
    const unread = orderedConversations(driver.state).map((one) => one.unread);
    expect(unread).toEqual([0, 0]);
    expect(driver.state.open).toBe('carol');
  });
});

describe('leaving', () => {
  it('Ctrl+C quits at once, but asks again while something typed is not sent', () => {
    const driver = new ScreenDriver();
    driver.enter();
    driver.type('unsent');
    driver.key('ctrl+c');
    expect(driver.effects.some((effect) => effect.type === 'quit')).toBe(false);
    driver.key('ctrl+c');
    expect(driver.effects.at(-1)).toEqual({ type: 'quit' });
  });

  it('logging out forgets the conversations; a log-in that ended by itself keeps them for the same user only', () => {
    const driver = new ScreenDriver();
    driver.enter();
    driver.deliver('bob', 'ana', 'secret');
    driver.event({ type: 'logged-out', reason: 'The log-in ended.' });
    expect(driver.text).toContain('The log-in ended.');
    driver.enter('ana');
    expect(driver.text).toContain('secret');
    driver.event({ type: 'logged-out', reason: 'The log-in ended.' });
    driver.enter('eve');
    expect(driver.state.conversations.size).toBe(0);
  });
});
