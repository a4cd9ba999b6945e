/** By whom a reaction was given, and by which row of the log. */
interface Given {
  /** The account's number. */
  readonly account: number;
  readonly op: number;
}

/** What there is of reactions at one message. */
interface AtMessage {
  /** By text, in the order in which each was first given; each with those who gave it, first come first. Never empty ones. */
  readonly given: Map<string, Given[]>;
  /** All that was ever given and taken back there, by accounts that are present: the texts are in these rows of the log. */
  rows: Given[];
}

/** One row of the log by which a reaction was given or taken back. */
export interface ReactionRow {
  message: number;
  /** The account's number. */
  account: number;
  op: number;
  /** Empty when it stands at the message no more. */
  text: string;
}

/** Reactions to messages: few messages have any. Those of deleted accounts and to deleted messages are not kept. */
export class Reactions {
  readonly #at = new Map<number, AtMessage>();
  /** By the account's number: the messages with a row of it. */
  readonly #messagesOf = new Map<number, Set<number>>();

  /**
   * @param text empty when compaction has removed it: then message or account will be gone, and nothing is shown
   * @returns false when it was there already
   */
  give(message: number, account: number, op: number, text: string): boolean {
    const { given } = this.#noteRow(message, account, op);
    const there = given.get(text) ?? [];
    const isNew = text !== '' && !there.some((one) => one.account === account);
    if (isNew) given.set(text, [...there, { account, op }]);
    return isNew;
  }

  /** @returns false when it was not there */
  takeBack(message: number, account: number, op: number, text: string): boolean {
    const { given } = this.#noteRow(message, account, op);
    const there = given.get(text) ?? [];
    const others = there.filter((one) => one.account !== account);
    if (others.length > 0) given.set(text, others);
    else given.delete(text);
    return others.length < there.length;
  }

  /** What stands at a message, in the order in which each was first given. */
  shownAt(message: number): { text: string; accounts: number[] }[] {
    const given = this.#at.get(message)?.given ?? [];
    return Array.from(given, ([text, those]) => ({ text, accounts: those.map(({ account }) => account) }));
  }

  /** The message is gone. @returns the ops of rows that nobody needs any more */
  forgetMessage(message: number): number[] {
    const rows = this.#at.get(message)?.rows ?? [];
    this.#at.delete(message);
    for (const { account } of rows) this.#messagesOf.get(account)?.delete(message);
    return rows.map(({ op }) => op);
  }

  /** The account, named by its number, is gone. @returns the ops of rows that nobody needs any more */
  forgetAccount(account: number): number[] {
    const isOther = (one: Given) => one.account !== account;
    const ops: number[] = [];
    for (const message of this.#messagesOf.get(account) ?? []) {
      const at = this.#at.get(message)!;
      for (const row of at.rows) if (!isOther(row)) ops.push(row.op);
      at.rows = at.rows.filter(isOther);
      for (const [text, those] of at.given) {
        const others = those.filter(isOther);
        if (others.length > 0) at.given.set(text, others);
        else at.given.delete(text);
      }
      if (at.rows.length === 0) this.#at.delete(message);
    }
    this.#messagesOf.delete(account);
    return ops;
  }

  /** All rows that are needed; of each message those that stand there first, in the order in which they are shown. */
  *rows(): Generator<ReactionRow> {
    for (const [message, { given, rows }] of this.#at) {
      const shown = new Set<number>();
      for (const [text, those] of given) {
        for (const { account, op } of those) {
          shown.add(op);
          yield { message, account, op, text };
        }
      }
      const others = rows.filter(({ op }) => !shown.has(op)).sort((a, b) => a.op - b.op);
      for (const { account, op } of others) yield { message, account, op, text: '' };
    }
  }

  /** Takes up {@link rows} of a snapshot. */
  restore({ message, account, op, text }: ReactionRow): void {
    const { given } = this.#noteRow(message, account, op);
    if (text !== '') given.set(text, [...(given.get(text) ?? []), { account, op }]);
  }

  #noteRow(message: number, account: number, op: number): AtMessage {
    const at: AtMessage = this.#at.get(message) ?? { given: new Map(), rows: [] };
    this.#at.set(message, at);
    at.rows.push({ account, op });
    const messages = this.#messagesOf.get(account);
    if (messages) messages.add(message);
    else this.#messagesOf.set(account, new Set([message]));
    return at;
  }
}
