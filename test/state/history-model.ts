import type { HistoryAsk, HistoryPage } from '../../server/state/reader.ts';
import { readAccountBody } from '../../shared/account-body.ts';
import type { Deletion, Message } from '../../shared/api.ts';
import type { LogEntry } from '../../shared/operations.ts';

interface Sent {
  entry: LogEntry;
  deletedAtOp: number;
}

/** What history is, in the plainest words: all that was ever sent, in a list that is searched from its beginning. */
export class HistoryModel {
  readonly #sent: Sent[] = [];
  readonly #names = new Map<string, string>();
  readonly #deleted = new Set<string>();
  #position = 0;

  /** @param tookEffect what the state made of it */
  apply(entry: LogEntry, tookEffect: boolean): void {
    this.#position = entry.op;
    if (!tookEffect) return;
    if (entry.event === 'account:create') this.#names.set(String(entry.op), readAccountBody(entry).username);
    if (entry.event === 'account:delete') this.#deleted.add(entry.account);
    if (entry.event === 'message:send') this.#sent.push({ entry, deletedAtOp: 0 });
    if (entry.event === 'message:delete') {
      // The last one: an id may have been given again once its first message was forgotten.
      this.#sent.findLast((sent) => sent.entry.id === entry.subject)!.deletedAtOp = entry.op;
    }
  }

  page({ account, after, before, with: other, limit }: HistoryAsk): HistoryPage {
    const concerned = this.#sent.filter(({ entry: { account: from, subject: to } }) => {
      const isOwn = from === account || to === account;
      const isBetween = other === undefined || (from === other && to === account) || (from === account && to === other);
      return isOwn && isBetween && !this.#deleted.has(account);
    });
    const present = concerned.filter((sent) => sent.deletedAtOp === 0).map((sent) => this.#shown(sent.entry));
    if (after === undefined) {
      const below = present.filter((message) => before === undefined || message.position < before);
      const messages = below.slice(Math.max(0, below.length - limit));
      return { messages, deletions: [], changes: [], position: this.#position, more: messages.length < below.length };
    }
    const gone = concerned.filter((sent) => sent.deletedAtOp > 0);
    const deletions: Deletion[] = gone.map((sent) => ({ id: sent.entry.id, position: sent.deletedAtOp }));
    const items = [...present, ...deletions].filter(({ position }) => position > after);
    const shown = items.sort((a, b) => a.position - b.position).slice(0, limit);
    const more = shown.length < items.length;
    return {
      messages: shown.filter((item): item is Message => 'body' in item),
      deletions: shown.filter((item) => !('body' in item)),
      changes: [],
      position: more ? shown.at(-1)!.position : this.#position,
      more,
    };
  }

  #shown({ id, op, account, subject, body, time }: LogEntry): Message {
    const names = { from: this.#names.get(account)!, to: this.#names.get(subject)! };
    const fromDeleted = this.#deleted.has(account) ? { fromDeleted: true as const } : {};
    return { id, position: op, ...names, body, at: time, ...fromDeleted };
  }
}
