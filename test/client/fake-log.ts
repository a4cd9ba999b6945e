import { withReaction } from '../../client/told.ts';
import type { PushEvent } from '../../client/transport.ts';
import type { Change, Deletion, Message } from '../../shared/api.ts';
import { FakeConversations } from './fake-conversations.ts';
import type { ManualClock } from './manual-clock.ts';

type Event = { message: Message } | { deleted: { id: string; position: number; of: string[] } };

/** A row of a page of history. */
interface Item {
  position: number;
  message?: Message;
  deletion?: Deletion;
  change?: Change;
}
/** The one log of a fake cluster: what was written, edited, reacted to and deleted, and who is told. */
export abstract class FakeLog {
  readonly clock: ManualClock;
  position = 0;
  events: Event[] = [];
  pageSize = 500;
  /** The latest change of each message that was edited or reacted to. */
  readonly changes = new Map<string, number>();
  readonly conversations: FakeConversations = new FakeConversations(this);

  constructor(clock: ManualClock) {
    this.clock = clock;
  }

  abstract push(usernames: Iterable<string>, event: PushEvent, payload: unknown): void;

  abstract isOnline(username: string): boolean;

  /** Somebody's message enters the log. */
  say(from: string, to: string, body: string, replyTo?: string): Message {
    this.position += 1;
    const { position } = this;
    const answers = replyTo === undefined ? {} : { replyTo };
    const message = { id: `m${position}`, position, from, to, body, at: this.clock.now(), ...answers };
    this.events.push({ message });
    this.push(this.conversations.audience(from, to), 'message:new', message);
    return message;
  }

  /** A message gets another text. */
  edit(id: string, body: string): void {
    this.position += 1;
    const at = this.clock.now();
    const { from, to } = this.#change(id, (message) => ({ ...message, body, editedAt: at }));
    this.push(this.conversations.audience(from, to), 'message:edited', { id, position: this.position, body, at });
  }

  /** Somebody reacts to a message, or takes that back. */
  react(id: string, by: string, reaction: string, on: boolean): void {
    this.position += 1;
    const change = { id, position: this.position, from: by, reaction, on };
    const { from, to } = this.#change(id, (message) => withReaction(message, change));
    this.push(this.conversations.audience(from, to), 'message:reacted', change);
  }

  #change(id: string, change: (message: Message) => Message): Message {
    const event = this.events.find((one) => 'message' in one && one.message.id === id) as { message: Message };
    event.message = change(event.message);
    this.changes.set(id, this.position);
    return event.message;
  }

  /** A message leaves the log. */
  remove(id: string): void {
    const of = this.events.find((event) => 'message' in event && event.message.id === id) as { message: Message };
    this.position += 1;
    this.events = this.events.filter((event) => event !== of);
    const deleted = { id, position: this.position, of: this.conversations.audience(of.message.from, of.message.to) };
    this.events.push({ deleted });
    this.push(deleted.of, 'message:deleted', { id, position: this.position });
  }

  messages(): Message[] {
    return this.events.flatMap((event) => ('message' in event ? [event.message] : []));
  }

  bodies(): string[] {
    return this.messages().map(({ body }) => body);
  }

  /** A page of `message:history`, as a server says it that has applied so much of the log; what was deleted is gone from there, too. */
  page(username: string, after: number, applied = this.position): object {
    const mine: Item[] = this.events.flatMap((event): Item[] => {
      if ('deleted' in event) {
        const { id, position, of } = event.deleted;
        return of.includes(username) ? [{ position, deletion: { id, position } }] : [];
      }
      const { message } = event;
      if (!this.conversations.concerns(message, username)) return [];
      const changed = this.changes.get(message.id);
      const change = changed === undefined ? [] : [{ position: changed, change: { position: changed, message } }];
      return [{ position: message.position, message }, ...change];
    });
    const wanted = mine
      .filter(({ position }) => position > after && position <= applied)
      .sort((a, b) => a.position - b.position);
    const page = wanted.slice(0, this.pageSize);
    const more = wanted.length > page.length;
    return {
      ok: true,
      messages: page.flatMap(({ message }) => message ?? []),
      deletions: page.flatMap(({ deletion }) => deletion ?? []),
      changes: page.flatMap(({ change }) => change ?? []),
      position: more ? page.at(-1)!.position : applied,
      more,
    };
  }
}
