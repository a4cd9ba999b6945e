import type { Message } from '../../shared/api.ts';

/** A message whose sender was told that it is safe. */
export interface Acknowledged {
  from: string;
  to: string;
  body: string;
  id: string;
  position: number;
  at: number;
}

/** A message that its sender gave up. Definite: it surely was not sent, says the library or the server. */
export interface GivenUp {
  body: string;
  isDefinite: boolean;
}

/** What is wrong, one sentence each; all empty when the promise was kept. */
export interface Verdict {
  lost: string[];
  doubled: string[];
  outOfOrder: string[];
}

/** What one user has to show: what was acknowledged to it, what its client showed it, what the server has for it. */
export interface Account {
  username: string;
  acknowledged: readonly Acknowledged[];
  shown: readonly Message[];
  history: readonly Message[];
}

/**
 * Compares what users were told with what the cluster has: everything acknowledged is there once, at the position that
 * was told, for sender and recipient alike; nothing is there twice; each sender's messages stand in the order in which
 * they were sent. Bodies have the form `NAME NUMBER`, each used once.
 */
export function audit(accounts: readonly Account[]): Verdict {
  const verdict: Verdict = { lost: [], doubled: [], outOfOrder: [] };
  const kept = new Map(
    accounts.map(({ username, history }) => [username, new Map(history.map((message) => [message.position, message]))]),
  );
  for (const account of accounts) {
    checkUnique(account.username, 'history', account.history, verdict);
    checkUnique(account.username, 'client', account.shown, verdict);
    checkOrder(account.username, 'history', account.history, verdict);
    checkOrder(account.username, 'client', account.shown, verdict);
    checkAgree(account, verdict);
    for (const message of account.acknowledged) {
      for (const reader of new Set([message.from, message.to])) {
        checkThere(reader, kept.get(reader)?.get(message.position), message, verdict);
      }
    }
  }
  return verdict;
}

/** @returns a sentence for each message that is in a history although its sender was told that it surely is not */
export function refusedButThere(
  users: readonly { username: string; givenUp: readonly GivenUp[]; history: readonly Message[] }[],
): string[] {
  return users.flatMap(({ username, givenUp, history }) => {
    const refused = new Set(givenUp.filter(({ isDefinite }) => isDefinite).map(({ body }) => body));
    return history
      .filter(({ from, body }) => from === username && refused.has(body))
      .map(({ body, position }) => `"${body}" was refused for good, and is there at position ${position}`);
  });
}

function checkUnique(username: string, where: string, messages: readonly Message[], verdict: Verdict): void {
  for (const name of ['id', 'body', 'position'] as const) {
    const seen = new Set<string | number>();
    for (const message of messages) {
      if (seen.has(message[name])) verdict.doubled.push(`${username}'s ${where} has ${name} "${message[name]}" twice`);
      seen.add(message[name]);
    }
  }
}

function checkOrder(username: string, where: string, messages: readonly Message[], verdict: Verdict): void {
  const last = new Map<string, number>();
  let position = 0;
  let at = 0;
  for (const message of messages) {
    const number = Number(message.body.split(' ').at(-1));
    const before = last.get(message.from) ?? 0;
    const place = `${username}'s ${where} at position ${message.position}`;
    if (!(number > before)) verdict.outOfOrder.push(`${place}: "${message.body}" stands after number ${before}`);
    if (message.position <= position) verdict.outOfOrder.push(`${place}: stands after position ${position}`);
    if (message.at < at) verdict.outOfOrder.push(`${place}: its time goes back`);
    last.set(message.from, number);
    position = message.position;
    at = message.at;
  }
}

/** What the client showed is what the servers have. */
function checkAgree({ username, shown, history }: Account, verdict: Verdict): void {
  const kept = new Set(history.map(({ id }) => id));
  for (const { id, body, position } of shown) {
    if (!kept.has(id)) verdict.lost.push(`${username} was shown "${body}" at position ${position}, which is not there`);
  }
  const seen = new Set(shown.map(({ id }) => id));
  for (const { id, body, position } of history) {
    if (!seen.has(id)) verdict.lost.push(`${username} was never shown "${body}" at position ${position}`);
  }
}

function checkThere(reader: string, found: Message | undefined, message: Acknowledged, verdict: Verdict): void {
  const isSame = found?.id === message.id && found.body === message.body && found.from === message.from;
  if (isSame && found.to === message.to && found.at === message.at) return;
  verdict.lost.push(
    `"${message.body}" was acknowledged at position ${message.position}; ${reader} has there ${found ? `"${found.body}"` : 'nothing'}`,
  );
}
