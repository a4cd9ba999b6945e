import { emitKeypressEvents, type Interface } from 'node:readline';
import { useStdin, useStdout } from 'ink';
import { useEffect, useSyncExternalStore } from 'react';
import type { ScreenState } from '../screen/model.ts';
import { KeyDecoder, type KeyPress } from './keys.ts';
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
    const onPress = (text: string | undefined, press: KeyPress): void => decoder.press(text, press);
    // Of the interface only this number is looked at.
    emitKeypressEvents(stdin, { escapeCodeTimeout: ESCAPE_MS } as unknown as Interface);
    stdin.setRawMode(true);
    stdin.on('keypress', onPress);
    stdin.resume();
    return () => {
      stdin.off('keypress', onPress);
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
