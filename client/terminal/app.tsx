import type { ReactElement } from 'react';
import { ChatScreen } from './chat-screen.tsx';
import { LoginScreen } from './login-screen.tsx';
import type { ScreenStore } from './screen-store.ts';
import { type Theme, ThemeContext, themeFor } from './theme.ts';
import { useScreen } from './use-screen.ts';

/** The whole terminal program, drawn from the state of the screen. */
export function App({ store, theme = themeFor(process.env) }: { store: ScreenStore; theme?: Theme }): ReactElement {
  const state = useScreen(store);
  return (
    <ThemeContext.Provider value={theme}>
      {state.username === '' ? <LoginScreen state={state} /> : <ChatScreen state={state} />}
    </ThemeContext.Provider>
  );
}
