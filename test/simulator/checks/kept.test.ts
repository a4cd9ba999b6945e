import { describe, expect, it } from 'vitest';
import { entryAt } from '../../state/chat-log.ts';
import type { ClientEvent } from '../client-events.ts';
import { checkKept } from './kept-checker.ts';

const client = 'client1';
const typed: ClientEvent[] = [
  { type: 'started', atMs: 0, client },
  { type: 'asked', atMs: 10, client, call: 1, event: 'message:send', ask: { to: 'ana', body: 'hello' } },
  { type: 'waiting', atMs: 10, client, body: 'hello' },
];
const crashed: ClientEvent = { type: 'crashed', atMs: 20, client };
const back: ClientEvent = { type: 'started', atMs: 30, client };
const sent = entryAt(1, { event: 'message:send', account: '1' as never, subject: '1', id: 'm1', body: 'hello' });

describe('what is shown as waiting survives a crash of the client', () => {
  it('is missing when the client came back without it', () => {
    expect(checkKept([...typed, crashed, back], [])).toContain('lost: "hello"');
  });

  it.each<[string, ClientEvent[], (typeof sent)[]]>([
    ['it is in the log', [...typed, crashed, back], [sent]],
    [
      'its user was told that it failed',
      [...typed, crashed, back, { type: 'gave-back', atMs: 40, client, body: 'hello' }],
      [],
    ],
    ['the client never came back', [...typed, crashed], []],
    ['it came back under another name, without its folder', [...typed, crashed, { ...back, client: 'client1/1' }], []],
    ['it had just been typed', [...typed, { ...crashed, atMs: 11 }, back], []],
    ['it was refused before', [...typed, refused(), crashed, back], []],
  ])('is not missing when %s', (_what, events, log) => {
    expect(checkKept(events, log)).toBeNull();
  });
});

function refused(): ClientEvent {
  const error = { code: 'no-such-account', definite: true, message: '' };
  return { type: 'answered', atMs: 15, client, call: 1, result: { ok: false, error } };
}
