import { EventEmitter } from 'node:events';
import { emitKeypressEvents, type Interface } from 'node:readline';
import { useStdin, useStdout } from 'ink';
import { useEffect, useSyncExternalStore } from 'react';
import type { ScreenState } from '../screen/model.ts';
import { KeyDecoder, type KeyPress } from './keys.ts';
import { RawInput } from './raw-input.ts';
import type { ScreenStore } from './screen-store.ts';

/** How long an Esc may be the beginning of another key. */
const ESCAPE_MS = 50;

/** The state of the screen; keys and the size of the terminal go into it while the component is there. */
export function useScreen(store: ScreenStore): ScreenState {
  const { stdin } = useStdin();
  const { stdout } = useStdout();

  useEffect(() => {
    const decoder = new KeyDecoder((keys) => {
      for (const key of keys) store.dispatch({ type: 'key', key });
    });
    // What readline would take for keys is taken out before it sees it.
    const keyboard = new EventEmitter();
    const input = new RawInput(
      (text) => keyboard.emit('data', Buffer.from(text)),
      (name) => decoder.pressNamed(name),
    );
    const onData = (piece: Uint8Array | string): void => input.push(piece);
    keyboard.on('keypress', (text: string | undefined, press: KeyPress) => decoder.press(text, press));
    // Of the interface only this number is looked at, and of the stream that it emits.
    emitKeypressEvents(
      keyboard as unknown as NodeJS.ReadableStream,
      {
        escapeCodeTimeout: ESCAPE_MS,
      } as unknown as Interface,
    );
    stdin.setRawMode(true);
    stdin.on('data', onData);
    stdin.resume();
    return () => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
    };
  }, [stdin, store]);

  useEffect(() => {
    const onResize = (): void => {
      store.dispatch({ type: 'resize', columns: stdout.columns || 80, rows: stdout.rows || 24 });
    };
    stdout.on('resize', onResize);
    return () => {
      stdout.off('resize', onResize);
    };
  }, [stdout, store]);

  return useSyncExternalStore(store.subscribe, () => store.state);
}
