import type { Address } from '../../shared/ids.ts';
import { openChat } from '../open-chat.ts';
import { showChat } from './show-chat.tsx';

export interface StartTerminalOptions {
  /** Where to look first; more is learned from the servers. */
  servers: readonly Address[];
  /** The account to take up, or to put into the form. */
  username?: string;
  /** Where the outbox and what was told are kept; the user's state folder by default. */
  stateFolder?: string;
}

/**
 * The chat on a terminal, until the user leaves.
 *
 * @returns the exit status: 0, 2 when there is no terminal, 128 + the signal's number after a signal
 * @throws Error with a sentence for people when the state folder cannot be used
 */
export async function startTerminal(options: StartTerminalOptions): Promise<number> {
  const { username } = options;
  if (!process.stdin.isTTY || !process.stdout.isTTY || process.env.TERM === 'dumb') {
    process.stderr.write('The chat screen needs a terminal; for scripts and pipes there is `client repl`.\n');
    return 2;
  }
  const chat = await openChat(options);
  return showChat({ chat, ...(username === undefined ? {} : { username }) });
}
