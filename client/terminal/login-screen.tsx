import type { ReactElement } from 'react';
import type { ScreenState } from '../screen/model.ts';
import { formView } from '../screen/view-form.ts';
import { Lines } from './lines.tsx';

/** Log in or create an account. */
export function LoginScreen({ state }: { state: ScreenState }): ReactElement {
  return <Lines lines={formView(state)} />;
}
