import { constants } from 'node:os';
import { type Result, refusal } from '../shared/errors.ts';
import type { ChatClient } from './chat-client.ts';
import type { Chat, ChatEvent } from './chat-types.ts';
import { messageLine } from './lines.ts';
import { DONE, NOT_REACHED, type Output, REFUSED } from './output.ts';
import { OwnMessages } from './own-messages.ts';
import { PrimaryNews } from './primary-news.ts';
import { answer } from './repl-answers.ts';

import { parseReplLine, type ReplCommand, type SecretLine, secretLine } from './repl-commands.ts';

import { errorLine } from './repl-documents.ts';

import { eventLine } from './repl-events.ts';
import { PipedLines, type ReplLines } from './repl-input.ts';
import type { ReplTerminal } from './repl-terminal.ts';

export interface ReplOptions {
  /** Not started yet; closed at the end. */
  chat: ChatClient;
  /** Where lines come from when there is no terminal. */
  input: NodeJS.ReadableStream;
  /** The terminal's own when there is one. */
  output: Output;
  /** Whether somebody sits in front of it: then a refused command is no failure of the session, and a server is waited for. */
  interactive: boolean;
  /** Closed at the end. */
  terminal?: ReplTerminal;
  /** How long to look for a server before giving up, when nobody sits in front of it. */
  timeoutMs: number;
}

/** `QUIT`, or Ctrl+C. */
type Outcome = number | 'quit';

/**
 * The line mode: commands from the input, answers and whatever happens on the output. Each command is answered before the
 * next is read.
 *
 * @returns the exit status: 0; 1 when a command was refused (unless interactive); 3 when no server was reached; 130 after Ctrl+C
 */
export async function runRepl(options: ReplOptions): Promise<number> {
  const { chat, input, output, interactive, terminal, timeoutMs } = options;
  const own = new OwnMessages(
    () => chat.username,
    (message) => output.line(messageLine(message)),
  );
  const news = new PrimaryNews((line) => output.line(line));
  const greeted = greeting(chat, interactive ? 0 : timeoutMs);
  terminal?.setPrompt('> ');
  chat.onEvent((event) => {
    if (event.type === 'logged-in' || event.type === 'logged-out') terminal?.setPrompt(`${chat.username}> `);
    tell(event, { chat, own, news, output });
  });
  chat.start();
  const interrupted = terminal?.interrupted.then((): Outcome => 'quit') ?? new Promise<never>(() => {});
  try {
    const isReached = await Promise.race([greeted, interrupted]);
    if (isReached === false) {
      output.note('No server is reached; is one running at these addresses?');
      return NOT_REACHED;
    }
    if (isReached === 'quit') return 128 + constants.signals.SIGINT;
    return await eachLine(terminal ?? new PipedLines(input), interrupted, (line) =>
      perform(line, { chat, own, output, ...(terminal ? { terminal } : {}) }),
    ).then((status) => (interactive && status <= NOT_REACHED ? DONE : status));
  } finally {
    news.close();
    await chat.close();
    terminal?.close();
  }
}

/** @returns the highest status of a line, or that of an interrupted program */
async function eachLine(
  lines: ReplLines,
  interrupted: Promise<Outcome>,
  perform: (line: string) => Promise<Outcome>,
): Promise<number> {
  let status = DONE;
  for (;;) {
    const line = await Promise.race([lines.next(), interrupted.then(() => null)]);
    if (line === undefined) return status;
    const outcome =
      line === null
        ? null
        : line.trim() === ''
          ? DONE
          : await Promise.race([perform(line), interrupted.then(() => null)]);
    if (outcome === null) return 128 + constants.signals.SIGINT;
    if (outcome === 'quit') return status;
    status = Math.max(status, outcome);
  }
}

interface Parts {
  chat: ChatClient;
  own: OwnMessages;
  output: Output;
  terminal?: ReplTerminal;
}

function tell(event: ChatEvent, { chat, own, news, output }: Parts & { news: PrimaryNews }): void {
  if (event.type === 'connection') news.onConnection(event.state, chat.username !== '');
  if (event.type === 'message') {
    // What was told in earlier sessions is a question of HISTORY.
    if (!event.replayed || news.isGreeted) own.onMessage(event.message);
    return;
  }
  const line = eventLine(event);
  if (line !== undefined) output.line(line);
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

async function perform(line: string, { chat, own, output, terminal }: Parts): Promise<Outcome> {
  const secret = terminal && secretLine(line);
  const command = secret && secret.missing.length > 0 ? await withSecrets(secret, terminal) : parseReplLine(line);
  if (!command.ok) {
    output.line(command.error.message);
    return REFUSED;
  }
  if (command.value.type === 'quit') return 'quit';
  const mayPush = command.value.type === 'send' || command.value.type === 'reply';
  if (mayPush) own.begin();
  const result = await answer(chat, command.value, output);
  if (mayPush) own.end(result.ok ? (result.value as { id: string }).id : undefined);
  if (result.ok) return DONE;
  output.line(errorLine(command.value, result.error));
  return result.error.code === 'unavailable' && chat.connection.phase !== 'connected' ? NOT_REACHED : REFUSED;
}

/** Asks for the passwords that a line leaves out; for new ones twice, since nobody sees them. */
async function withSecrets({ missing, build }: SecretLine, terminal: ReplTerminal): Promise<Result<ReplCommand>> {
  const answers: string[] = [];
  for (const name of missing) {
    const words = { OLD: 'Present password', NEW: 'New password' }[name] ?? 'Password';
    const typed = await terminal.askSecret(`${words}: `);
    if (typed === undefined || typed === '') return refusal('bad-request', 'No password was typed; nothing was done.');
    const isNew = name === 'NEW' || build([...answers, typed]).type === 'create';
    if (isNew && (await terminal.askSecret('Once more: ')) !== typed) {
      return refusal('bad-request', 'These are two different passwords; nothing was done.');
    }
    answers.push(typed);
  }
  return { ok: true, value: build(answers) };
}
