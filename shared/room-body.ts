import { assert } from './assert.ts';
import type { EntryDraft } from './operations.ts';

/** What the body of a `room:create` entry says. */
export interface RoomBody {
  /** `#name` */
  name: string;
  nameKey: string;
  /** Empty without one, and once compaction has removed it. */
  topic: string;
}

/** The body of a `room:create` entry, for {@link readRoomBody}. */
export function roomBody({ name, nameKey, topic }: RoomBody): string {
  return JSON.stringify({ name, nameKey, topic });
}

/** What compaction leaves of the body when the room has got another topic. */
export function withoutTopic(body: string): string {
  const { name, nameKey } = parse(body);
  return JSON.stringify({ name, nameKey });
}

/** Whether it is the body of a `room:create` entry, and not that of an account. */
export function isRoomBody(body: string): boolean {
  return parse(body).name !== undefined;
}

/** What a `room:create` entry says, or what compaction has left of it: of a removed body all is empty. */
export function readRoomBody({ body }: Pick<EntryDraft, 'body'>): RoomBody {
  if (body === '') return { name: '', nameKey: '', topic: '' };
  const { name, nameKey, topic = '' } = parse(body);
  assert(
    typeof name === 'string' && typeof nameKey === 'string' && typeof topic === 'string',
    'the body of room:create is {"name":…,"nameKey":…,"topic":…}',
  );
  return { name, nameKey, topic };
}

/** The gateway makes the body, so what is no JSON object is a bug of this program. */
function parse(body: string): Partial<Record<keyof RoomBody, unknown>> {
  const parsed: unknown = JSON.parse(body);
  assert(typeof parsed === 'object' && parsed !== null, 'the body of room:create is a JSON object');
  return parsed;
}
