import { createInterface } from 'node:readline';
import type { Cluster } from '../shared/api.ts';
import type { Result } from '../shared/errors.ts';
import type { Chat, ChatEvent } from './chat-types.ts';
import { parseReplLine, type ReplCommand, replHelpLines } from './commands.ts';
import { DONE, messageLine, NOT_REACHED, type Output, REFUSED } from './output.ts';
import { PrimaryNews } from './primary-news.ts';

const HISTORY_LIMIT = 50;

export interface ReplOptions {
  /** Not started yet; closed at the end. */
  chat: Chat;
  input: NodeJS.ReadableStream;
  output: Output;
  /** Whether somebody sits in front of it: then there are prompts. */
  interactive: boolean;
  /** How long to look for a server before giving up, when nobody sits in front of it. */
  timeoutMs: number;
}

/**
 * The line mode: commands from the input, answers and whatever happens on the output. Each command is answered before the
 * next is read.
 *
 * @returns the exit status: 0; 1 when a command was refused (unless interactive); 3 when no server was reached
 */
export async function runRepl(options: ReplOptions): Promise<number> {
  const { chat, input, output, interactive, timeoutMs } = options;
  const prompt = (): void => {
    if (interactive) output.raw(`${chat.username}> `);
  };
  const news = new PrimaryNews((line) => output.line(line));
  const greeted = greeting(chat, interactive ? 0 : timeoutMs);
  chat.onEvent((event) => onEvent(event, chat, output, news));
  chat.start();
  let status = DONE;
  try {
    if (!(await greeted)) {
      output.note('No server is reached; is one running at these addresses?');
      return NOT_REACHED;
    }
    prompt();
    // Not made earlier: what it reads before anybody takes the lines would be lost.
    for await (const line of createInterface({ input, terminal: false, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.trim() !== '') {
        const outcome = await perform(chat, line, output);
        if (outcome === 'quit') break;
        if (outcome !== DONE && !interactive) status = Math.max(status, outcome);
      }
      prompt();
    }
    return status;
  } finally {
    await chat.close();
  }
}

/** Resolves when connected; false when that takes longer than the time given (0: it may take for ever). */
function greeting(chat: Chat, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = timeoutMs > 0 ? setTimeout(() => end(false), timeoutMs) : undefined;
    const stop = chat.onEvent((event) => {
      if (event.type === 'connection' && event.state.phase === 'connected') end(true);
    });
    const end = (connected: boolean): void => {
      clearTimeout(timer);
      stop();
      resolve(connected);
    };
  });
}

function onEvent(event: ChatEvent, chat: Chat, output: Output, news: PrimaryNews): void {
  switch (event.type) {
    case 'connection':
      news.onConnection(event.state, chat.username !== '');
      return;
    case 'message':
      output.line(messageLine(event.message));
      return;
    case 'message-deleted':
      output.line(`Message ${event.id} was deleted.`);
      return;
    case 'account-deleted':
      output.line(`The account ${event.username} was deleted.`);
      return;
    case 'logged-in':
      output.line(`Logged in as ${event.username}.`);
      return;
    case 'logged-out':
      output.line(`Logged out: ${event.reason}`);
      return;
    case 'reload':
      output.line(`WARNING: ${event.reason}`);
      return;
    case 'notice':
      output.line(event.text);
      return;
    case 'moved':
      news.onMoved(event.to);
      return;
    case 'outbox':
    case 'send-failed':
      // Told by the answer to SEND.
      return;
  }
}

async function perform(chat: Chat, line: string, output: Output): Promise<number | 'quit'> {
  const command = parseReplLine(line);
  if (!command.ok) {
    output.line(command.error.message);
    return REFUSED;
  }
  if (command.value.type === 'quit') return 'quit';
  const result = await answer(chat, command.value, output);
  if (result.ok) return DONE;
  output.line(`ERROR ${result.error.code}: ${result.error.message}`);
  return result.error.code === 'unavailable' && chat.connection.phase !== 'connected' ? NOT_REACHED : REFUSED;
}

async function answer(chat: Chat, command: Exclude<ReplCommand, { type: 'quit' }>, output: Output) {
  switch (command.type) {
    case 'create':
      return chat.createAccount(command.username, command.password);
    case 'login':
      return chat.logIn(command.username, command.password);
    case 'logout':
      return chat.logOut();
    case 'delete-account':
      return chat.deleteAccount(command.password);
    case 'send':
      return told(await chat.send(command.to, command.body), ({ id }) => output.line(`Sent [${id}]`));
    case 'delete':
      return told(await chat.deleteMessage(command.id), () => output.line(`Deleted [${command.id}]`));
    case 'list':
      return listAll(chat, command.pattern, output);
    case 'history':
      return history(chat, command.with, output);
    case 'status':
      for (const line of statusLines(chat)) output.line(line);
      return { ok: true, value: {} } as const;
    case 'help':
      for (const line of replHelpLines()) output.line(line);
      return { ok: true, value: {} } as const;
  }
}

async function listAll(chat: Chat, pattern: string | undefined, output: Output): Promise<Result<object>> {
  let after: string | undefined;
  for (;;) {
    const page = await chat.listAccounts(pattern, after);
    if (!page.ok) return page;
    for (const { username, online } of page.value.accounts) output.line(`${username}${online ? ' (online)' : ''}`);
    after = page.value.accounts.at(-1)?.username;
    if (!page.value.more || after === undefined) return page;
  }
}

async function history(chat: Chat, other: string | undefined, output: Output): Promise<Result<object>> {
  const page = await chat.history({ limit: HISTORY_LIMIT, ...(other === undefined ? {} : { with: other }) });
  return told(page, ({ messages }) => {
    for (const message of messages) output.line(messageLine(message));
  });
}

function told<T>(result: Result<T>, tell: (value: T) => void): Result<T> {
  if (result.ok) tell(result.value);
  return result;
}

function statusLines(chat: Chat): string[] {
  const state = chat.connection;
  if (state.phase === 'connected') return clusterLines(state.cluster);
  if (state.phase === 'waiting' || state.phase === 'offline') return [state.reason];
  return [`The connection is ${state.phase}.`];
}

function clusterLines(cluster: Cluster): string[] {
  const roles = [
    ...cluster.members.map((address) => [address, address === cluster.primary ? 'primary' : 'backup'] as const),
    ...cluster.spares.map((address) => [address, 'spare'] as const),
    ...cluster.witnesses.map((address) => [address, 'witness'] as const),
  ];
  const warning = cluster.warning === undefined ? [] : [`WARNING: ${cluster.warning}`];
  return [`Cluster ${cluster.id}, view ${cluster.view}`, ...roles.map((pair) => pair.join(' ')), ...warning];
}
