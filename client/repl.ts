import { createInterface } from 'node:readline';
import type { ChatClient } from './chat-client.ts';
import type { Chat } from './chat-types.ts';
import { DONE, NOT_REACHED, type Output, REFUSED } from './output.ts';
import { PrimaryNews } from './primary-news.ts';
import { answer } from './repl-answers.ts';
import { parseReplLine } from './repl-commands.ts';
import { errorLine } from './repl-documents.ts';
import { eventLine } from './repl-events.ts';

export interface ReplOptions {
  /** Not started yet; closed at the end. */
  chat: ChatClient;
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
  chat.onEvent((event) => {
    if (event.type === 'connection') news.onConnection(event.state, chat.username !== '');
    else if (event.type === 'moved') news.onMoved(event.to);
    const line = eventLine(event);
    if (line !== undefined) output.line(line);
  });
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

async function perform(chat: ChatClient, line: string, output: Output): Promise<number | 'quit'> {
  const command = parseReplLine(line);
  if (!command.ok) {
    output.line(command.error.message);
    return REFUSED;
  }
  if (command.value.type === 'quit') return 'quit';
  const result = await answer(chat, command.value, output);
  if (result.ok) return DONE;
  output.line(errorLine(command.value, result.error));
  return result.error.code === 'unavailable' && chat.connection.phase !== 'connected' ? NOT_REACHED : REFUSED;
}
