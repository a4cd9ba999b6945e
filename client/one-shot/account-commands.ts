import { accountLine, conversationLine, settingsLines } from '../lines.ts';
import { eachPage } from '../pages.ts';
import { askLoggedIn, doLoggedIn, type OneShotOptions, run, runLoggedIn } from './session.ts';

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
  return doLoggedIn(
    options,
    async (chat) => {
      const result = await chat.deleteAccount(options.password ?? '');
      return result.ok ? { ok: true, value: { deleted: options.user } } : result;
    },
    () => `Deleted the account ${options.user}.`,
    true,
  );
}

/** `client list [PATTERN]` */
export function list(options: OneShotOptions, pattern: string | undefined): Promise<number> {
  return runLoggedIn(options, async (chat) => {
    const listed = await eachPage(
      (after) => askLoggedIn(chat, () => chat.listAccounts(pattern, after)),
      ({ accounts }) => accounts,
      ({ username }) => username,
      (account) => (options.json ? options.output.json(account) : options.output.line(accountLine(account))),
    );
    return listed.ok ? undefined : listed.error;
  });
}

/** `client conversations` */
export function conversations(options: OneShotOptions): Promise<number> {
  return runLoggedIn(options, async (chat) => {
    const listed = await eachPage(
      (after) => askLoggedIn(chat, () => chat.listConversations(after)),
      (page) => page.conversations,
      (conversation) => conversation.with,
      (one) => (options.json ? options.output.json(one) : options.output.line(conversationLine(one))),
    );
    return listed.ok ? undefined : listed.error;
  });
}

/** `client settings` */
export function settings(options: OneShotOptions): Promise<number> {
  return doLoggedIn(
    options,
    (chat) => chat.settings(),
    (value) => settingsLines(value),
  );
}

/** `client name DISPLAYNAME`; an empty one takes it away. */
export function name(options: OneShotOptions, displayName: string): Promise<number> {
  return doLoggedIn(
    options,
    (chat) => chat.setDisplayName(displayName),
    () => `You are shown ${displayName === '' ? 'by your username' : `as ${displayName}`}.`,
  );
}

/** `client block NAME`, `client unblock NAME` */
export function block(options: OneShotOptions, username: string, on = true): Promise<number> {
  return doLoggedIn(
    options,
    (chat) => (on ? chat.block(username) : chat.unblock(username)),
    () => `${on ? 'Blocked' : 'Unblocked'} ${username}.`,
  );
}

/**
 * `client password`
 *
 * @param newPassword from `NEW_CHAT_PASSWORD`
 */
export function changePassword(options: OneShotOptions, newPassword: string | undefined): Promise<number> {
  const { user, password, output } = options;
  return run(options, user ?? '', async (chat) => {
    if (user === undefined || password === undefined || newPassword === undefined) {
      output.note('Say --user NAME, and give the password in CHAT_PASSWORD, the new one in NEW_CHAT_PASSWORD.');
      return 'misused';
    }
    // A log-in that an earlier command left may be one that the servers have ended.
    const entered = await chat.logIn(user, password);
    if (!entered.ok) return entered.error;
    const result = await chat.changePassword(password, newPassword);
    if (!result.ok) return result.error;
    if (options.json) output.json(result.value);
    else output.line('The password was changed; all other log-ins ended.');
    return undefined;
  });
}

/** `client logout-everywhere` */
export function logOutEverywhere(options: OneShotOptions): Promise<number> {
  return doLoggedIn(
    options,
    (chat) => chat.logOutEverywhere(),
    () => 'All log-ins ended.',
    true,
  );
}
