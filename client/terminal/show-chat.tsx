import { render } from 'ink';
import type { Chat } from '../chat-types.ts';
import { windowTitle } from '../screen/notifications.ts';
import { App } from './app.tsx';
import type { ClusterControl } from './cluster-control.ts';
import { localCalendar } from './local-calendar.ts';
import { ScreenStore } from './screen-store.ts';
import { DEFAULT_SETTINGS, type TerminalSettings } from './settings-file.ts';
import { TerminalScreen } from './terminal-screen.ts';
import { themeFor } from './theme.ts';

export interface ShowChatOptions {
  chat: Chat;
  /** Put into the form. */
  username?: string;
  settings?: TerminalSettings;
  /** Ends and starts servers of this machine; the screen offers that when it is there. */
  control?: ClusterControl;
  /** Keeps the names of the conversations that never ring. */
  onMuted?: (names: readonly string[]) => void;
}

/**
 * Shows the chat on the terminal until the user leaves, the terminal is closed or the process is asked to end; starts
 * the chat and closes it afterwards. The terminal is left as it was found, however this ends.
 *
 * @returns the exit status; 128 + the signal's number after a signal
 */
export async function showChat(options: ShowChatOptions): Promise<number> {
  const { chat, username, settings = DEFAULT_SETTINGS, control, onMuted } = options;
  const screen = new TerminalScreen(process.stdin, process.stdout);
  let status = 0;
  let leave = (): void => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const store = new ScreenStore({
    chat,
    calendar: localCalendar(),
    columns: process.stdout.columns || 80,
    rows: process.stdout.rows || 24,
    now: Date.now,
    settings: settings.screen,
    onRing: () => screen.ring(),
    onQuit: leave,
    ...(control === undefined ? {} : { control }),
    ...(onMuted === undefined ? {} : { onMuted }),
    ...(username === undefined ? {} : { suggestedUsername: username }),
  });
  const stopWatching = screen.whenClosed((closedStatus) => {
    status = closedStatus;
    leave();
  });
  screen.enter({ mouse: settings.mouse });
  store.subscribe(() => screen.setTitle(windowTitle(store.state)));
  const app = render(<App store={store} theme={themeFor(process.env, settings.theme)} />, {
    stdin: process.stdin,
    stdout: screen.output,
    exitOnCtrlC: false,
  });
  // An error in drawing ends the program rather than leaving a dead screen.
  const ended = app.waitUntilExit();
  ended.catch(() => {});
  try {
    chat.start();
    await Promise.race([left, ended]);
  } finally {
    store.stop();
    app.unmount();
    screen.leave();
    stopWatching();
    await chat.close();
  }
  const waiting = chat.outbox.length;
  if (waiting > 0 && status === 0) process.stdout.write(waitingSentence(waiting));
  return status;
}

function waitingSentence(waiting: number): string {
  return waiting === 1
    ? 'One message waits in the outbox; it is sent when you start again.\n'
    : `${waiting} messages wait in the outbox; they are sent when you start again.\n`;
}
