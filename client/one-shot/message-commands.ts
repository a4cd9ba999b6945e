import type { Message, Replies } from '../../shared/api.ts';
import type { Result } from '../../shared/errors.ts';
import { LIST_MAX_LIMIT } from '../../shared/limits.ts';
import { nameKey } from '../../shared/names.ts';
import type { ChatClient } from '../chat-client.ts';
import { messageLine } from '../lines.ts';
import { searchBack } from '../search.ts';
import { askLoggedIn, doLoggedIn, type OneShotOptions, runLoggedIn } from './session.ts';

/** `client send NAME TEXT` */
export function send(options: OneShotOptions, to: string, body: string, replyTo?: string): Promise<number> {
  const answers = replyTo === undefined ? {} : { replyTo };
  return doLoggedIn(
    options,
    (chat) => chat.send(to, body, answers),
    ({ id }) => `Sent [${id}]`,
  );
}

/** `client edit ID TEXT` */
export function edit(options: OneShotOptions, id: string, body: string): Promise<number> {
  return doLoggedIn(
    options,
    (chat) => chat.editMessage(id, body),
    () => `Edited [${id}]`,
  );
}

/** `client delete ID` */
export function deleteMessage(options: OneShotOptions, id: string): Promise<number> {
  return doLoggedIn(
    options,
    (chat) => chat.deleteMessage(id),
    () => `Deleted [${id}]`,
  );
}

/** `client react ID REACTION` */
export function react(options: OneShotOptions, id: string, reaction: string, on = true): Promise<number> {
  return doLoggedIn(
    options,
    (chat) => (on ? chat.react(id, reaction) : chat.unreact(id, reaction)),
    () => (on ? `Reacted [${id}]` : `Taken back [${id}]`),
  );
}

/** `client history [NAME]`: the newest messages, oldest first. */
export function history(options: OneShotOptions, other: string | undefined, limit: number): Promise<number> {
  return runLoggedIn(options, async (chat) => {
    const found: Message[] = [];
    let before: number | undefined;
    while (found.length < limit) {
      const ask = {
        limit: Math.min(LIST_MAX_LIMIT, limit - found.length),
        ...conversation(other),
        ...(before === undefined ? {} : { before }),
      };
      const page: Result<Replies['message:history']> = await askLoggedIn(chat, () => chat.history(ask));
      if (!page.ok) return page.error;
      found.unshift(...page.value.messages);
      before = page.value.messages[0]?.position;
      if (!page.value.more || before === undefined) break;
    }
    for (const message of found) show(options, message);
    return undefined;
  });
}

/** `client search TEXT`: the newest messages that hold it, oldest first. */
export function search(
  options: OneShotOptions,
  text: string,
  other: string | undefined,
  limit: number,
): Promise<number> {
  return runLoggedIn(options, async (chat) => {
    const ask = { text, ...conversation(other) };
    const found = await searchBack(
      (before) => askLoggedIn(chat, () => chat.search(before === undefined ? ask : { ...ask, before })),
      limit,
    );
    if (!found.ok) return found.error;
    for (const message of found.value) show(options, message);
    return undefined;
  });
}

/** `client tail [NAME]`: every message from now on, until the program is ended. */
export function tail(options: OneShotOptions, other: string | undefined, ended: Promise<void>): Promise<number> {
  return runLoggedIn(options, async (chat) => {
    chat.onEvent((event) => {
      if (event.type === 'message' && isIn(chat, event.message, other)) show(options, event.message);
      if (event.type === 'reload') options.output.note(event.reason);
    });
    // Whoever waits for what can never come is told so.
    const there = await askLoggedIn(chat, () => chat.history({ ...conversation(other), limit: 1 }));
    if (!there.ok) return there.error;
    await ended;
    return undefined;
  });
}

function isIn(chat: ChatClient, { from, to }: Message, other: string | undefined): boolean {
  if (other === undefined) return true;
  const own = nameKey(from) === nameKey(chat.username);
  return nameKey(to.startsWith('#') || own ? to : from) === nameKey(other);
}

function conversation(other: string | undefined): { with?: string } {
  return other === undefined ? {} : { with: other };
}

function show({ json, output }: OneShotOptions, message: Message): void {
  if (json) output.json(message);
  else output.line(messageLine(message));
}
