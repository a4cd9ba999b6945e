import type { Applied } from '../../server/state/chat-state.ts';
import { ChatState } from '../../server/state/chat-state.ts';
import type { Notice } from '../../server/state/reader.ts';
import type { Deletion, Message, Reaction } from '../../shared/api.ts';
import type { AccountId } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';

/** What an account knows from its notices alone, as a client that was connected all the time. */
export class Listener {
  /** As they are now, by position. */
  messages: Message[] = [];
  deletions: (Deletion & { to: string })[] = [];
  readonly #username: string;

  constructor(username: string) {
    this.#username = username;
  }

  hear(notice: Notice, roomOf: (id: string) => string): void {
    switch (notice.type) {
      case 'message:new':
        this.messages.push(structuredClone(notice.message));
        return;
      case 'message:deleted':
        this.messages = this.messages.filter(({ id }) => id !== notice.deletion.id);
        this.deletions.push({ ...notice.deletion, to: roomOf(notice.deletion.id) });
        return;
      case 'message:edited': {
        const { id, body, at: editedAt } = notice.edit;
        this.#change(id, (message) => Object.assign(message, { body, editedAt }));
        return;
      }
      case 'message:reacted': {
        const { id, from, reaction, on } = notice.change;
        this.#change(id, (message) => {
          const without = withoutReaction(message.reactions ?? [], from, reaction);
          message.reactions = on ? withReaction(without, from, reaction) : without;
        });
        return;
      }
      case 'account:deleted':
        for (const message of this.messages) {
          message.reactions = (message.reactions ?? []).flatMap((one) => dropped(one, notice.username));
        }
        return;
      case 'room:left':
        if (notice.change.username === this.#username) this.#forget(notice.change.room);
        return;
      case 'room:deleted':
        this.#forget(notice.change.room);
        return;
      default:
    }
  }

  #change(id: string, change: (message: Message) => void): void {
    const message = this.messages.find((one) => one.id === id);
    if (message) change(message);
  }

  #forget(room: string): void {
    this.messages = this.messages.filter(({ to }) => to !== room);
    this.deletions = this.deletions.filter(({ to }) => to !== room);
  }
}

function withReaction(reactions: Reaction[], from: string, reaction: string): Reaction[] {
  const there = reactions.find((one) => one.reaction === reaction);
  if (!there) return [...reactions, { reaction, by: [from] }];
  return reactions.map((one) => (one === there ? { reaction, by: [...one.by, from] } : one));
}

function withoutReaction(reactions: Reaction[], from: string, reaction: string): Reaction[] {
  return reactions.flatMap((one) => (one.reaction === reaction ? dropped(one, from) : [one]));
}

function dropped({ reaction, by }: Reaction, from: string): Reaction[] {
  const others = by.filter((name) => name !== from);
  return others.length === 0 ? [] : [{ reaction, by: others }];
}

/** Applies a log, and lets every account listen. */
export function applyAndListen(entries: readonly LogEntry[]): { state: ChatState; told: Map<AccountId, Listener> } {
  const state = new ChatState();
  const told = new Map<AccountId, Listener>();
  const rooms = new Map<string, string>();
  for (const entry of entries) {
    const applied = state.apply(entry);
    if (entry.event === 'account:create' && applied.outcome.refused === '') {
      const id = String(entry.op) as AccountId;
      told.set(id, new Listener(state.account(id)!.username));
    }
    for (const notice of applied.notices) {
      if (notice.type === 'message:new') rooms.set(notice.message.id, notice.message.to);
      for (const account of hearersOf(notice, told)) told.get(account)!.hear(notice, (id) => rooms.get(id)!);
    }
  }
  return { state, told };
}

function hearersOf(notice: Applied['notices'][number], told: ReadonlyMap<AccountId, Listener>): Iterable<AccountId> {
  if ('accounts' in notice) {
    if (new Set(notice.accounts).size < notice.accounts.length) throw new Error(`${notice.type} is told twice`);
    return notice.accounts;
  }
  return notice.type === 'account:deleted' ? told.keys() : [];
}
