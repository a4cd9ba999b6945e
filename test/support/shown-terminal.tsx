import { setImmediate } from 'node:timers/promises';
import { cleanup, render } from 'ink-testing-library';
import { expect, vi } from 'vitest';
import { App } from '../../client/terminal/app.tsx';
import { ScreenStore } from '../../client/terminal/screen-store.ts';
import { FakeChat } from './fake-chat.ts';
import { utcCalendar } from './screen-driver.ts';

const stores: ScreenStore[] = [];

/** Ends what was shown; to be called after each test. */
export function endShown(): void {
  cleanup();
  for (const store of stores.splice(0)) store.stop();
}

/** The terminal chat as a test sees it. */
export interface Shown {
  chat: FakeChat;
  /** Writes to the terminal's input as a keyboard would. */
  press: (...inputs: string[]) => Promise<void>;
  frame: () => string;
  shows: (text: string | RegExp) => Promise<void>;
  quits: () => number;
  rings: () => number;
}

/** Shows the first screen, without servers. */
export function show(columns = 80, rows = 24, isNewcomer = false): Shown {
  const chat = new FakeChat();
  chat.isNewcomer = isNewcomer;
  let quits = 0;
  const onQuit = (): void => {
    quits += 1;
  };
  let rings = 0;
  const onRing = (): void => {
    rings += 1;
  };
  const now = (): number => chat.nowMs;
  const store = new ScreenStore({ chat, calendar: utcCalendar, columns, rows, now, onQuit, onRing });
  stores.push(store);
  chat.start();
  const app = render(<App store={store} />);
  const frame = (): string => app.lastFrame() ?? '';
  const shows = async (text: string | RegExp): Promise<void> => {
    await vi.waitFor(() =>
      typeof text === 'string' ? expect(frame()).toContain(text) : expect(frame()).toMatch(text),
    );
  };
  const press = async (...inputs: string[]): Promise<void> => {
    for (const input of inputs) {
      app.stdin.write(input);
      // As from a keyboard: each arrives by itself.
      await setImmediate();
    }
  };
  return { chat, press, frame, shows, quits: () => quits, rings: () => rings };
}

/** Shows the chat of somebody who is logged in; ana, bob and carol have accounts. */
export function showChatOf(username: string): Shown {
  const shown = show();
  for (const name of ['ana', 'bob', 'carol']) shown.chat.accounts.set(name, 'correct horse');
  shown.chat.enter(username);
  return shown;
}
