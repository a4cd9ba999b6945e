import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Conversation, ScreenInput, ScreenState } from '../../client/screen/model.ts';
import { windowTitle } from '../../client/screen/notifications.ts';
import { lineWidth } from '../../client/screen/spans.ts';
import type { Conversation as ToldConversation } from '../../shared/api.ts';
import { ScreenDriver, screenLines } from '../support/screen-driver.ts';

const NAMES = ['bob', 'Carol', 'dave', '日本', 'ana'] as const;
const ROOMS = ['#lobby', '#日本語'] as const;
const HOSTILE = '\x1b]0;t\x07\x9b2J\u202e👩‍👩‍👧日本\u0301'.concat('\u0301'.repeat(200), '\n\u2066\ud800\r');
const KEYS = [
  ...['enter', 'enter', 'tab', 'shift+tab', 'up', 'down', 'left', 'right', 'home', 'end', 'page-up', 'page-down'],
  ...['backspace', 'delete', 'ctrl+u', 'ctrl+w', 'ctrl+n', 'ctrl+p', 'alt+1', 'alt+2', 'alt+enter', 'escape', 'ctrl+c'],
  ...['ctrl+up', 'ctrl+up', 'shift+up', 'ctrl+k', 'ctrl+f', 'alt+a', 'alt+u', 'alt+r', 'f1', 'f2', 'focus', 'blur'],
  ...['wheel-up', 'wheel-down', 'ctrl+end', 'alt+down'],
];
const TEXTS = [
  'hi',
  'a longer sentence to wrap',
  '/to bob',
  '/msg Carol hello',
  '/delete',
  '/help',
  '/list',
  '/history',
  '/join lobby',
  '/leave',
  '/rooms',
  '/members',
  '/topic new one',
  '/search hello',
  '/cluster',
  '/mute',
  '/password',
  '/block',
  '/delete-room',
  ...['r', 'e', 'd', '+', '1', 'k', 'p', 'long enough'],
];
const BODIES = [
  'hello',
  'two\nlines',
  '\x1b[2J\x9b31m\u202e',
  '👩‍👩‍👧 日本語 '.repeat(9),
  'x'.repeat(400),
  '',
  '\ud800',
];

const OBEYED = /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800]|\p{M}{9}/u;

type Action = (driver: ScreenDriver) => void;
const named = (description: string, action: Action): Action =>
  Object.assign(action, { [fc.toStringMethod]: () => description });

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...KEYS).map((name) => named(`key ${name}`, (it) => it.key(name))) },
  {
    weight: 5,
    arbitrary: fc
      .oneof(fc.constantFrom(...TEXTS), fc.string({ unit: 'binary', maxLength: 12 }))
      .map((text) => named(`type ${JSON.stringify(text)}`, (it) => it.type(text))),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.constantFrom(...NAMES), fc.constantFrom(...BODIES), fc.boolean())
      .map(([from, body, replayed]) =>
        named(`${from} says ${JSON.stringify(body)}`, (it) => it.deliver(from, 'ana', body, replayed)),
      ),
  },
  { weight: 4, arbitrary: fc.constant(named('land', (it) => it.land())) },
  { weight: 3, arbitrary: fc.constant(named('acknowledge', (it) => it.acknowledge())) },
  { weight: 2, arbitrary: fc.constant(named('refuse', (it) => it.refuse())) },
  { weight: 1, arbitrary: fc.constant(named('refuse before it is kept', (it) => it.refuseHanded())) },
  { weight: 1, arbitrary: fc.constant(named('empty history', (it) => it.answerHistory())) },
  {
    weight: 2,
    arbitrary: fc.nat(60).map((number) => named(`m${number} deleted`, (it) => it.remove(`m${number}`))),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 220 }), fc.integer({ min: 1, max: 70 }))
      .map(([columns, rows]) => named(`${columns}×${rows}`, (it) => it.input({ type: 'resize', columns, rows }))),
  },
  { weight: 1, arbitrary: fc.constantFrom(...OTHER_EVENTS()) },
  { weight: 4, arbitrary: fc.nat(60).chain((number) => fc.constantFrom(...MESSAGE_EVENTS(number))) },
  { weight: 4, arbitrary: fc.constantFrom(...ROOMS).chain((room) => fc.constantFrom(...ROOM_EVENTS(room))) },
  { weight: 3, arbitrary: fc.boolean().map((ok) => named(`answer ${ok}`, (it) => it.answer(ok, HOSTILE))) },
  {
    weight: 2,
    arbitrary: fc
      .array(
        fc.record({ with: fc.constantFrom(...NAMES, ...ROOMS), last: fc.nat(60), read: fc.nat(60), unread: fc.nat(9) }),
        { maxLength: 5 },
      )
      .map((all) => named(`listed ${JSON.stringify(all)}`, (it) => it.list(...all.map(asTold)))),
  },
  {
    weight: 1,
    arbitrary: fc.nat(9).map((lines) => named(`paste ${lines} lines`, (it) => it.paste('line\n'.repeat(lines)))),
  },
);

function asTold(told: { with: string; last: number; read: number; unread: number }): ToldConversation {
  if (!told.with.startsWith('#')) return { ...told, online: told.unread > 4, displayName: HOSTILE };
  return { ...told, room: { name: told.with, topic: HOSTILE, owner: HOSTILE, members: told.last } };
}

function MESSAGE_EVENTS(number: number): Action[] {
  const [id, position] = [`m${number}`, number + 100];
  const message = { id, position: number, from: HOSTILE, to: 'ana', body: HOSTILE, at: 1, editedAt: 2 };
  return [
    named(`${id} edited`, (it) => it.event({ type: 'message-edited', id, position, body: HOSTILE, at: 5 })),
    named(`${id} reacted`, (it) =>
      it.event({ type: 'message-reacted', id, position, from: HOSTILE, reaction: HOSTILE, on: number % 3 > 0 }),
    ),
    named(`${id} changed`, (it) => it.event({ type: 'message-changed', position, message })),
    named(`answer to ${id}`, (it) => it.deliver(HOSTILE, '#lobby', `hello ana ${HOSTILE}`, false, { replyTo: id })),
  ];
}

function ROOM_EVENTS(room: string): Action[] {
  const told = { name: room, topic: HOSTILE, owner: 'ana', members: 3 };
  return [
    named(`${room} changed`, (it) => it.event({ type: 'room-changed', room: told })),
    named(`${room} joined`, (it) => it.event({ type: 'room-joined', room, username: HOSTILE })),
    named(`${room} joined by the user`, (it) => it.event({ type: 'room-joined', room, username: 'Ana' })),
    named(`${room} left`, (it) => it.event({ type: 'room-left', room, username: HOSTILE, removed: true })),
    named(`${room} left by the user`, (it) => it.event({ type: 'room-left', room, username: 'ana', removed: false })),
    named(`removed from ${room}`, (it) => it.event({ type: 'room-left', room, username: 'ana', removed: true })),
    named(`${room} deleted`, (it) => it.event({ type: 'room-deleted', room })),
    named(`${room} read`, (it) => it.event({ type: 'conversation-read', with: room, read: it.position - 1 })),
    named(`somebody types in ${room}`, (it) =>
      it.event({ type: 'typing', with: room, username: HOSTILE, typing: true }),
    ),
  ];
}

function OTHER_EVENTS(): Action[] {
  return [
    named('reload', (it) => it.event({ type: 'reload', reason: 'The servers belong to another cluster now.' })),
    named('session ended', (it) => it.event({ type: 'logged-out', reason: 'Too many log-ins.' })),
    named('logged in again', (it) => it.event({ type: 'logged-in', username: 'ana' })),
    named('here', (it) => it.event({ type: 'presence', username: 'bob', online: true })),
    named('named', (it) => it.event({ type: 'account-changed', username: 'bob', displayName: HOSTILE })),
    named('blocked', (it) => it.event({ type: 'account-blocked', username: 'bob', blocked: true })),
    named('servers', (it) =>
      it.input({ type: 'local-servers', servers: [{ address: 'localhost:1538', state: 'running', commit: 7 }] }),
    ),
    named('account deleted', (it) => it.event({ type: 'account-deleted', username: 'bob' })),
    named('moved', (it) => it.event({ type: 'moved', from: 'localhost:1', to: 'localhost:2', silenceMs: 212 })),
    named('tick', (it) => it.input({ type: 'tick', nowMs: it.state.nowMs + 4000 })),
  ];
}

function messagesOf(conversation: Conversation) {
  return conversation.log.runs.flat();
}

function play(actions: readonly Action[], onStep: ConstructorParameters<typeof ScreenDriver>[0]): void {
  const driver = new ScreenDriver(onStep);
  driver.enter();
  for (const act of actions) act(driver);
}

/** Checks after every input of every generated story. */
function always(check: (before: ScreenState, input: ScreenInput, after: ScreenState) => void, numRuns = 100): void {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80, size: 'max' }), (actions) => play(actions, check)),
    { numRuns },
  );
}

/** The composers' texts by conversation; the one without a conversation under the empty key. */
function drafts(state: ScreenState): Map<string, string> {
  const entries = [...state.conversations].map(([key, one]) => [key, one.draft.text] as const);
  return new Map([...entries, ['', state.strayDraft.text]]);
}

describe('whatever is typed and told', () => {
  it('exactly one conversation is open as soon as there are any', () => {
    always((_before, _input, { open, conversations }) => {
      expect(open === null ? conversations.size : Number(!conversations.has(open))).toBe(0);
    });
  });

  it('unread counts are those of the messages that were not shown', () => {
    always((_before, _input, state) => {
      for (const one of state.conversations.values()) {
        const above = Math.max(one.readPosition, one.countedUpTo);
        const came = messagesOf(one).filter((message) => message.fresh && !message.deleted && message.position > above);
        // Below that the servers count.
        if (one.countedUpTo <= one.readPosition) expect(one.unread).toBe(came.length);
        else expect(one.unread).toBeGreaterThanOrEqual(0);
      }
    });
  });

  it('messages stand in the order of their positions, each once', () => {
    always((_before, _input, state) => {
      for (const one of state.conversations.values()) {
        const positions = messagesOf(one).map((message) => message.position);
        expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
        expect(one.log.size).toBe(positions.length);
      }
    });
  });

  it('what is typed changes only by keys, by its arrival in the outbox, by the saving of an edit, or by being given back', () => {
    always((before, input, after) => {
      if (input.type === 'key') return;
      const adopted = before.open === null && after.open !== null ? before.strayDraft.text : '';
      const left = before.handedOver.filter((one) => !after.handedOver.includes(one)).map((one) => one.typed);
      for (const [key, text] of drafts(after)) {
        const earlier = drafts(before).get(key) ?? (key === after.open ? adopted : '');
        if (text === earlier || (key === '' && text === '' && after.open !== null)) continue;
        const event = input.type === 'event' ? input.event : undefined;
        const edit = before.conversations.get(key)?.context;
        if (event?.type === 'outbox') expect(left.map((typed) => typed + text)).toContain(earlier);
        else if (event?.type === 'send-failed') expect([earlier, text]).toEqual(['', event.message.body]);
        else if (input.type === 'answered' && edit?.kind === 'edit') expect(text).toBe(edit.kept.text);
        else expect.fail(`${JSON.stringify(input)} changed ${JSON.stringify(earlier)} to ${JSON.stringify(text)}`);
      }
      for (const [key, text] of drafts(before)) {
        if (key !== '' && text !== '') expect(after.conversations.has(key)).toBe(true);
      }
    });
  });

  it('every row fits the terminal, the rows fill it but for one, and none holds anything a terminal would obey', () => {
    always((_before, _input, state) => {
      const lines = screenLines(state);
      expect(lines).toHaveLength(Math.max(7, state.rows) - 1);
      expect(windowTitle(state)).not.toMatch(OBEYED);
      for (const line of lines) {
        expect(lineWidth(line)).toBeLessThanOrEqual(Math.max(20, state.columns));
        for (const span of line) expect(span.text).not.toMatch(OBEYED);
      }
    }, 30);
  });
});
