import { nameKey } from '../../shared/names.ts';
import type { Command } from '../commands.ts';
import { draftOf, ensureConversation, openConversation, openOf, ownNeighbour, withDraft } from './conversations.ts';
import { EMPTY_EDITOR } from './editor.ts';
import { type ScreenState, type Step, step } from './model.ts';
import { withNotice } from './notices.ts';
import { fetchOlder, scrollTo } from './scrolling.ts';

/** How many older messages `/history` asks for. */
const HISTORY_MESSAGES = 500;

/** Does what was typed; the composer is emptied at once, but by a message only when that is in the outbox. */
export function runCommand(state: ScreenState, command: Command): Step {
  if (command.type === 'say') return send(state, openOf(state)?.name, command.body);
  if (command.type === 'msg') return send(state, command.to, command.body);
  const cleared = withDraft(state, state.open, EMPTY_EDITOR);
  switch (command.type) {
    case 'help':
      return step({ ...cleared, panel: { kind: 'help', firstRow: 0 } });
    case 'list':
      return list(cleared, command.pattern ?? '');
    case 'to':
      return step(opened(cleared, command.name));
    case 'history':
      return history(command.with === undefined ? cleared : opened(cleared, command.with));
    case 'delete':
      return step(pickOwn(cleared));
    case 'logout':
      return step(withNotice(cleared, 'Logging out …', 'plain'), { type: 'log-out' });
    case 'delete-account':
      return step({
        ...cleared,
        panel: { kind: 'delete-account', password: EMPTY_EDITOR, busy: false, message: '' },
      });
    case 'quit':
      return step(cleared, { type: 'quit' });
  }
}

function opened(state: ScreenState, name: string): ScreenState {
  return openConversation(ensureConversation(state, name, state.nowMs), nameKey(name));
}

function send(state: ScreenState, to: string | undefined, body: string): Step {
  if (to === undefined) {
    return step(withNotice(state, 'Nobody is chosen: /to NAME opens a conversation, /list shows who is there.', 'bad'));
  }
  const typedIn = state.open;
  const number = state.handedCount + 1;
  const handed = { number, typedIn, typed: draftOf(state).text, to, body };
  const effect = { type: 'send', era: state.era, handed: number, to, body } as const;
  return step({ ...state, handedOver: [...state.handedOver, handed], handedCount: number }, effect);
}

function list(state: ScreenState, pattern: string): Step {
  return step(
    { ...state, panel: { kind: 'accounts', pattern, accounts: [], more: false, loading: true, selected: 0 } },
    { type: 'list', pattern },
  );
}

function history(state: ScreenState): Step {
  const conversation = openOf(state);
  if (!conversation) return step(withNotice(state, 'There is no conversation; /to NAME opens one.', 'bad'));
  if (conversation.older === 'none') {
    return step(withNotice(state, `This is everything with ${conversation.name}; PgUp scrolls.`, 'plain'));
  }
  return fetchOlder(state, HISTORY_MESSAGES, true);
}

/** Picks the last own message; ↑ and ↓ pick another one, Enter deletes it, Esc keeps it. */
function pickOwn(state: ScreenState): ScreenState {
  const conversation = openOf(state);
  const last = conversation && ownNeighbour(state, conversation, Number.MAX_SAFE_INTEGER, -1);
  if (last === undefined) return withNotice(state, 'There is no message of yours here that could be deleted.', 'bad');
  return scrollTo({ ...state, picked: last }, last);
}
