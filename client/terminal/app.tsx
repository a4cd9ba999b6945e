import type { ReactElement } from 'react';
import { ChatScreen } from './chat-screen.tsx';
import { LoginScreen } from './login-screen.tsx';
import type { ScreenStore } from './screen-store.ts';
import { useScreen } from './use-screen.ts';

/** The whole terminal program, drawn from the state of the screen. */
export function App({ store }: { store: ScreenStore }): ReactElement {
  const state = useScreen(store);
  return state.username === '' ? <LoginScreen state={state} /> : <ChatScreen state={state} />;
}
