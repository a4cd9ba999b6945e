import type { Message, Replies } from '../../shared/api.ts';
import type { Result } from '../../shared/errors.ts';
import { LIST_MAX_LIMIT } from '../../shared/limits.ts';
import type { ChatClient } from '../chat-client.ts';
import { messageLine } from '../output.ts';
import { askLoggedIn, type OneShotOptions, run, runLoggedIn } from './session.ts';

/** `client send NAME TEXT` */
export function send(options: OneShotOptions, to: string, body: string): Promise<number> {
  return runLoggedIn(options, async (chat) => {
    const result = await chat.send(to, body);
    if (!result.ok) return result.error;
    if (options.json) options.output.json(result.value);
    else options.output.line(`Sent [${result.value.id}]`);
    return undefined;
  });
}

/** `client list [PATTERN]` */
export function list(options: OneShotOptions, pattern: string | undefined): Promise<number> {
  return runLoggedIn(options, async (chat) => {
    let after: string | undefined;
    for (;;) {
      const page = await askLoggedIn(chat, () => chat.listAccounts(pattern, after));
      if (!page.ok) return page.error;
      for (const account of page.value.accounts) {
        if (options.json) options.output.json(account);
        else options.output.line(`${account.username}${account.online ? ' (online)' : ''}`);
      }
      after = page.value.accounts.at(-1)?.username;
      if (!page.value.more || after === undefined) return undefined;
    }
  });
}

/** `client history [NAME]`: the newest messages, oldest first. */
export function history(options: OneShotOptions, other: string | undefined, limit: number): Promise<number> {
  return runLoggedIn(options, async (chat) => {
    const found: Message[] = [];
    let before: number | undefined;
    while (found.length < limit) {
      const ask = {
        limit: Math.min(LIST_MAX_LIMIT, limit - found.length),
        ...(other === undefined ? {} : { with: other }),
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

/** `client tail`: every message from now on, until the program is ended. */
export function tail(options: OneShotOptions, ended: Promise<void>): Promise<number> {
  return runLoggedIn(options, async (chat) => {
    chat.onEvent((event) => {
      if (event.type === 'message') show(options, event.message);
      if (event.type === 'reload') options.output.note(event.reason);
    });
    await ended;
    return undefined;
  });
}

/** `client create NAME` */
export function create(options: OneShotOptions, username: string): Promise<number> {
  return run(options, username, async (chat) => {
    if (options.password === undefined) {
      options.output.note('Give the new password in CHAT_PASSWORD.');
      return 'misused';
    }
    const result = await chat.createAccount(username, options.password);
    if (!result.ok) return result.error;
    if (options.json) options.output.json(result.value);
    else options.output.line(`Created ${result.value.username}.`);
    return undefined;
  });
}

/** `client delete-account` */
export function deleteAccount(options: OneShotOptions): Promise<number> {
  return runLoggedIn(
    options,
    async (chat: ChatClient) => {
      const result = await chat.deleteAccount(options.password ?? '');
      if (!result.ok) return result.error;
      if (options.json) options.output.json({ deleted: options.user });
      else options.output.line(`Deleted the account ${options.user}.`);
      return undefined;
    },
    true,
  );
}

function show({ json, output }: OneShotOptions, message: Message): void {
  if (json) output.json(message);
  else output.line(messageLine(message));
}
