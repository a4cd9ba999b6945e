/** A reaction that stands at a message. */
interface Given {
  /** The account's number. */
  readonly account: number;
  readonly text: string;
  readonly op: number;
}

/** What there is of reactions at one message; in the order of ops. */
interface AtMessage {
  /** Of each account each text once. */
  given: Given[];
  /** All that was ever given and taken back there, by accounts that are present: the texts are in these rows of the log. */
  rows: { readonly account: number; readonly op: number }[];
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
    const isNew = text !== '' && !given.some((one) => one.account === account && one.text === text);
    if (isNew) given.push({ account, text, op });
    return isNew;
  }

  /** @returns false when it was not there */
  takeBack(message: number, account: number, op: number, text: string): boolean {
    const at = this.#noteRow(message, account, op);
    const before = at.given.length;
    at.given = at.given.filter((one) => one.account !== account || one.text !== text);
    return at.given.length < before;
  }

  /** What stands at a message, in the order in which each was first given. */
  shownAt(message: number): { text: string; accounts: number[] }[] {
    const shown = new Map<string, number[]>();
    for (const { text, account } of this.#at.get(message)?.given ?? []) {
      const accounts = shown.get(text);
      if (accounts) accounts.push(account);
      else shown.set(text, [account]);
    }
    return Array.from(shown, ([text, accounts]) => ({ text, accounts }));
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
    const ops: number[] = [];
    for (const message of this.#messagesOf.get(account) ?? []) {
      const at = this.#at.get(message)!;
      for (const row of at.rows) if (row.account === account) ops.push(row.op);
      at.rows = at.rows.filter((row) => row.account !== account);
      at.given = at.given.filter((one) => one.account !== account);
      if (at.rows.length === 0) this.#at.delete(message);
    }
    this.#messagesOf.delete(account);
    return ops;
  }

  /** All rows that are needed, those of each message in the order of their ops. */
  *rows(): Generator<ReactionRow> {
    for (const [message, { given, rows }] of this.#at) {
      const texts = new Map(given.map(({ op, text }) => [op, text]));
      for (const { account, op } of rows) yield { message, account, op, text: texts.get(op) ?? '' };
    }
  }

  /** Takes up {@link rows} of a snapshot. */
  restore({ message, account, op, text }: ReactionRow): void {
    const { given } = this.#noteRow(message, account, op);
    if (text !== '') given.push({ account, text, op });
  }

  #noteRow(message: number, account: number, op: number): AtMessage {
    const at = this.#at.get(message) ?? { given: [], rows: [] };
    this.#at.set(message, at);
    at.rows.push({ account, op });
    const messages = this.#messagesOf.get(account);
    if (messages) messages.add(message);
    else this.#messagesOf.set(account, new Set([message]));
    return at;
  }
}
