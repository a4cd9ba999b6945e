import { constants } from 'node:os';
import type { Chat } from '../chat-types.ts';
import { LineInput } from './line-input.ts';
import { localCalendar } from './local-calendar.ts';
import { PlainChat } from './plain-chat.ts';
import { ScreenStore } from './screen-store.ts';
import type { TerminalSettings } from './settings-file.ts';

export interface ShowPlainOptions {
  chat: Chat;
  username?: string;
  settings: TerminalSettings;
  onMuted: (names: readonly string[]) => void;
}

/**
 * The chat line by line until the user leaves, the input ends, or Ctrl+C: no cursor is moved and nothing is drawn
 * twice. Starts the chat and closes it afterwards.
 *
 * @returns the exit status; 130 after Ctrl+C
 */
export async function showPlain({ chat, username, settings, onMuted }: ShowPlainOptions): Promise<number> {
  const { stdin, stdout } = process;
  let leave = (_status: number): void => {};
  const left = new Promise<number>((resolve) => {
    leave = resolve;
  });
  const store = new ScreenStore({
    chat,
    calendar: localCalendar(),
    columns: 80,
    rows: 24,
    now: Date.now,
    settings: settings.screen,
    onRing: () => stdout.write('\x07'),
    onMuted,
    onQuit: () => leave(0),
    ...(username === undefined ? {} : { suggestedUsername: username }),
  });
  const plain = new PlainChat({ chat, store, write: (line) => stdout.write(`${line}\n`) });
  const input = new LineInput((line) => {
    if (plain.isSecret) stdout.write('\n');
    plain.line(line);
  }, leave);
  // The terminal itself lets a line be edited, and shows it; but no password.
  const setEcho = (): void => {
    if (stdin.isTTY) stdin.setRawMode(plain.isSecret);
  };
  const onData = (piece: Buffer): void => {
    input.push(piece);
    setEcho();
  };
  store.subscribe(setEcho);
  stdin.on('data', onData).once('end', () => leave(0));
  const onTerminated = (): void => leave(128 + constants.signals.SIGTERM);
  const onInterrupted = (): void => leave(128 + constants.signals.SIGINT);
  process.once('SIGTERM', onTerminated).once('SIGINT', onInterrupted);
  setEcho();
  try {
    chat.start();
    return await left;
  } finally {
    process.off('SIGTERM', onTerminated).off('SIGINT', onInterrupted);
    stdin.off('data', onData).pause();
    if (stdin.isTTY) stdin.setRawMode(false);
    plain.stop();
    store.stop();
    await chat.close();
  }
}
