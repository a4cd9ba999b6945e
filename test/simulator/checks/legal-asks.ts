import type { Random } from '../../../shared/random.ts';
import type { AskedEvent } from '../client-events.ts';

const NAMES = ['ana', 'Bo', 'cy'];
export const PASSWORDS = ['right horse', 'wrong horse'] as const;
const ROOMS = ['#den', '#Hall'];
const REACTIONS = ['+1', '-1'];
const KEYS = ['a', 'b'];

export interface Ask {
  event: AskedEvent;
  ask: Record<string, unknown>;
}

/** What a client of a legal run asks while nobody is logged in there. */
export function entering(random: Random): Ask {
  const event = random.chance(0.5) ? 'account:create' : 'session:open';
  return { event, ask: { username: random.pick(NAMES), password: PASSWORDS[random.chance(0.8) ? 0 : 1] } };
}

/** What ends or changes log-ins: nothing else is asked until it is answered. */
export function leaving(random: Random): Ask {
  const event = random.pick(['session:close', 'session:close-all', 'account:delete', 'account:password'] as const);
  const [password, newPassword] = random.chance(0.7) ? PASSWORDS : [PASSWORDS[1], PASSWORDS[0]];
  return { event, ask: event === 'account:password' ? { password, newPassword } : { password } };
}

/** @param calls how many there were: names the messages there may be, and makes texts differ */
export function writing(random: Random, calls: number): Ask {
  const id = `m${random.between(Math.max(1, calls - 25), calls + 2)}`;
  const text = `text ${calls + 1}`;
  const room = random.pick(ROOMS);
  const username = random.pick(NAMES);
  const reaction = random.pick(REACTIONS);
  const draw = random.fraction();
  if (draw < 0.3)
    return { event: 'message:send', ask: { to: username, body: text, ...(draw < 0.05 ? { replyTo: id } : {}) } };
  if (draw < 0.45) return { event: 'message:send', ask: { to: room, body: text } };
  if (draw < 0.55) return { event: 'message:edit', ask: { id, body: text } };
  if (draw < 0.6) return { event: 'message:delete', ask: { id } };
  if (draw < 0.72) return { event: random.chance(0.6) ? 'message:react' : 'message:unreact', ask: { id, reaction } };
  if (draw < 0.77) return { event: 'room:create', ask: { room, topic: text } };
  if (draw < 0.86) return { event: random.chance(0.7) ? 'room:join' : 'room:leave', ask: { room } };
  if (draw < 0.88) return { event: 'room:topic', ask: { room, topic: text } };
  if (draw < 0.92) return { event: random.chance(0.6) ? 'room:remove' : 'room:readmit', ask: { room, username } };
  if (draw < 0.93) return { event: 'room:delete', ask: { room } };
  if (draw < 0.94) return { event: 'document:set', ask: { key: random.pick(KEYS), value: JSON.stringify({ text }) } };
  if (draw < 0.95) return { event: 'document:delete', ask: { key: random.pick(KEYS) } };
  if (draw < 0.97) return { event: 'account:profile', ask: { displayName: text } };
  return { event: random.chance(0.4) ? 'account:block' : 'account:unblock', ask: { username } };
}

/** @param last the highest position */
export function reading(random: Random, last: number): Ask {
  const draw = random.fraction();
  if (draw < 0.1) return { event: 'document:get', ask: { key: random.pick(KEYS) } };
  if (draw < 0.45) return { event: 'message:history', ask: page(random, last) };
  if (draw < 0.6) return { event: 'account:list', ask: random.chance(0.5) ? {} : { pattern: '*[a-b]?', limit: 1 } };
  if (draw < 0.75) return { event: 'conversation:list', ask: {} };
  if (draw < 0.83) return { event: 'room:list', ask: {} };
  if (draw < 0.9) return { event: 'room:members', ask: { room: random.pick(ROOMS) } };
  return draw < 0.95
    ? { event: 'account:settings', ask: {} }
    : { event: 'message:get', ask: { id: `m${random.between(1, last + 2)}` } };
}

function page(random: Random, last: number): Record<string, unknown> {
  const position = random.between(0, last + 1);
  const bound = random.pick([{ after: position }, { after: 0 }, { before: position }, {}]);
  const other = random.chance(0.3) ? { with: random.pick([...NAMES, ...ROOMS]) } : {};
  return { ...bound, ...other, ...(random.chance(0.7) ? { limit: random.between(1, 6) } : {}) };
}
