import type { Address } from '../../shared/ids.ts';
import { defaultStateFolder } from '../folder-store.ts';
import { openChat } from '../open-chat.ts';
import type { ClusterControl } from './cluster-control.ts';
import { keepMuted, readSettings } from './settings-file.ts';
import { showChat } from './show-chat.tsx';
import { showPlain } from './show-plain.ts';

export interface StartTerminalOptions {
  /** Where to look first; more is learned from the servers. */
  servers: readonly Address[];
  /** The account to take up, or to put into the form. */
  username?: string;
  /** Where the outbox and what was told are kept; the user's state folder by default. */
  stateFolder?: string;
  /** Line by line, for screen readers; also where there is no terminal that could be drawn on. */
  plain?: boolean;
  /** Requests go to any server that takes them. */
  spread?: boolean;
  /** Ends and starts servers of this machine, if whoever starts the chat runs them. */
  control?: ClusterControl;
}

/**
 * The chat on a terminal, until the user leaves.
 *
 * @returns the exit status: 0, 2 when there is no terminal, 128 + the signal's number after a signal
 * @throws Error with a sentence for people when the state folder or the settings in it cannot be used
 */
export async function startTerminal(options: StartTerminalOptions): Promise<number> {
  const { username, control, stateFolder = defaultStateFolder() } = options;
  if (!options.plain && (!process.stdin.isTTY || !process.stdout.isTTY || process.env.TERM === 'dumb')) {
    process.stderr.write(
      'The chat screen needs a terminal; there are `client repl` for scripts and `client --plain` for screen readers.\n',
    );
    return 2;
  }
  const settings = readSettings(stateFolder);
  const chat = await openChat(options);
  const onMuted = (names: readonly string[]): void => keepMuted(stateFolder, names);
  const shown = { chat, settings, onMuted, ...(username === undefined ? {} : { username }) };
  if (options.plain) return showPlain(shown);
  return showChat({ ...shown, ...(control === undefined ? {} : { control }) });
}
