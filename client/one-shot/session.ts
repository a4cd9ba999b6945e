import type { ChatError, Result } from '../../shared/errors.ts';
import type { Address } from '../../shared/ids.ts';
import { nameKey } from '../../shared/names.ts';
import type { ChatClient } from '../chat-client.ts';
import { openChat } from '../open-chat.ts';
import { DONE, MISUSED, NOT_REACHED, type Output, REFUSED } from '../output.ts';

/** What all one-shot commands are told. */
export interface OneShotOptions {
  servers: readonly Address[];
  user: string | undefined;
  /** From `CHAT_PASSWORD`. */
  password: string | undefined;
  json: boolean;
  /** How long to look for a server, and to wait for each answer. */
  timeoutMs: number;
  stateFolder: string | undefined;
  output: Output;
  /** See `ChatClientOptions`. */
  spreadReads?: boolean;
  spread?: boolean;
}

/** A command's work; returns undefined when it is done, or the error that ended it. */
export type Work = (chat: ChatClient) => Promise<ChatError | undefined>;

/**
 * Logs in, does one thing, and leaves.
 *
 * @param leaves the work itself ends the log-in
 * @returns the exit status: 0, 1 when it was refused, 2 when a user or password is missing, 3 when no server is reached
 */
export async function runLoggedIn(options: OneShotOptions, work: Work, leaves = false): Promise<number> {
  const { user, password, output } = options;
  if (user === undefined) {
    output.note('Nobody is named to do this; say --user NAME, and give the password in CHAT_PASSWORD.');
    return MISUSED;
  }
  return run(options, user, async (chat) => {
    // A log-in that an earlier command left behind will do.
    if (chat.username === '' || nameKey(chat.username) !== nameKey(user)) {
      if (password === undefined) {
        output.note(`There is no log-in of ${user} on this machine; give the password in CHAT_PASSWORD.`);
        return 'misused';
      }
      const entered = await chat.logIn(user, password);
      if (!entered.ok) return entered.error;
    }
    return leaves ? work(chat) : Promise.race([work(chat), logInAgain(chat, user, password)]);
  });
}

/**
 * Logs in, has one thing done, says so (with `--json`: prints what it was answered), and leaves.
 *
 * @param leaves it ends the log-in
 * @returns the exit status, as that of {@link runLoggedIn}
 */
export function doLoggedIn<T extends object>(
  options: OneShotOptions,
  ask: (chat: ChatClient) => Promise<Result<T>>,
  sayDone: (value: T) => string | readonly string[],
  leaves = false,
): Promise<number> {
  const work = async (chat: ChatClient): Promise<ChatError | undefined> => {
    // Whatever was refused for want of a log-in was surely not done: it is asked for again, once there is one.
    const result = leaves ? await ask(chat) : await askLoggedIn(chat, () => ask(chat));
    if (!result.ok) return result.error;
    if (options.json) options.output.json(result.value);
    else for (const line of [sayDone(result.value)].flat()) options.output.line(line);
    return undefined;
  };
  return runLoggedIn(options, work, leaves);
}

/** A server that still says so after that many log-ins will go on saying it. */
const LOG_INS = 3;

/**
 * Asks for something, and again when the log-in ended in the middle and another one was made, as after the
 * servers were restored from a copy.
 */
export async function askLoggedIn<T>(chat: ChatClient, question: () => Promise<Result<T>>): Promise<Result<T>> {
  for (let asked = 1; ; asked++) {
    const result = await question();
    if (result.ok || result.error.code !== 'not-logged-in' || asked === LOG_INS) return result;
    // Whoever cannot log in again ends the command.
    if (chat.username === '') await loggedIn(chat);
  }
}

function loggedIn(chat: ChatClient): Promise<void> {
  return new Promise((resolve) => {
    const stop = chat.onEvent((event) => {
      if (event.type !== 'logged-in') return;
      stop();
      resolve();
    });
  });
}

/** When the log-in ends in the middle of the work, another one is made; resolves when that is not possible. */
function logInAgain(chat: ChatClient, user: string, password: string | undefined): Promise<ChatError> {
  return new Promise((resolve) => {
    chat.onEvent((event) => {
      if (event.type !== 'logged-out') return;
      if (password === undefined) {
        resolve({ code: 'not-logged-in', message: `${event.reason} (password: CHAT_PASSWORD)`, definite: true });
        return;
      }
      void chat.logIn(user, password).then((entered) => {
        if (!entered.ok) resolve(entered.error);
      });
    });
  });
}

/**
 * Does what needs no log-in, and leaves; nobody is logged in meanwhile.
 *
 * @returns the exit status: 0, 1 when it was refused, 3 when no server is reached
 */
export function runWithoutLogIn(options: OneShotOptions, work: Work): Promise<number> {
  return run(options, null, work);
}

/** Does one thing without logging in first. */
export function run(
  options: OneShotOptions,
  username: string | null,
  work: (chat: ChatClient) => Promise<ChatError | 'misused' | undefined>,
): Promise<number> {
  return withChat(options, username, async (chat) => {
    const error = await work(chat);
    if (error === undefined) return DONE;
    if (error === 'misused') return MISUSED;
    const reached = chat.connection.phase === 'connected';
    if (options.json) options.output.json({ ok: false, error });
    else options.output.note(error.message);
    return error.code === 'unavailable' && !reached ? NOT_REACHED : REFUSED;
  });
}

async function withChat(
  { servers, timeoutMs, stateFolder, spreadReads = false, spread = false }: OneShotOptions,
  username: string | null,
  body: (chat: ChatClient) => Promise<number>,
): Promise<number> {
  const folder = stateFolder === undefined ? {} : { stateFolder };
  const places = { spreadReads, spread };
  const chat = await openChat({ servers, username, giveUpAfterMs: timeoutMs, replay: false, ...places, ...folder });
  chat.start();
  try {
    return await body(chat);
  } finally {
    await chat.close();
  }
}
