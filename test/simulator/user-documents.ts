import type { OperationKind } from './operations.ts';
import { furtherChoice, type Hands, pick } from './user-hands.ts';

/** Few, so that clients meet there. */
const KEYS = [0, 1, 2].map((number) => `d0c0000${number}-0000-4000-8000-000000000000`);

/** What a user does with documents, logged in or not. @returns false when it is something else */
export function operateOnDocuments(hands: Hands, kind: OperationKind, choice: number): boolean {
  const { chat, name, nextCall } = hands;
  const key = pick(KEYS, furtherChoice(choice));
  switch (kind) {
    case 'setDocument': {
      const call = nextCall();
      const value = { by: name, call };
      void hands.ask('document:set', { key, value: JSON.stringify(value) }, () => chat.setDocument(key, value), call);
      return true;
    }
    case 'getDocument':
      void hands.ask('document:get', { key }, () => chat.getDocument(key));
      return true;
    case 'deleteDocument':
      void hands.ask('document:delete', { key }, () => chat.deleteDocument(key));
      return true;
    default:
      return false;
  }
}
