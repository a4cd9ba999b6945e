import { nameKey } from '../../shared/names.ts';
import { openChoices } from './choice-panel.ts';
import { send } from './composing.ts';
import {
  dropConversation,
  ensureConversation,
  isRoomName,
  openConversation,
  openOf,
  withDraft,
} from './conversations.ts';
import { EMPTY_EDITOR } from './editor.ts';
import type { ChatRequest } from './effects.ts';
import { type Conversation, type ScreenState, type Step, step } from './model.ts';
import { withNotice } from './notices.ts';
import { fetchOlder } from './scrolling.ts';
import { openSearch } from './search-panel.ts';
import { secretPanel } from './secret-panel.ts';
import { selectOwnToDelete } from './selection.ts';
import type { Command } from './ui-commands.ts';

/** How many older messages `/history` asks for. */
const HISTORY_MESSAGES = 500;

type CommandOf<T extends Command['type']> = Extract<Command, { type: T }>;
type RoomCommand = CommandOf<'join' | 'create' | 'leave' | 'members' | 'delete-room' | 'topic' | 'remove' | 'readmit'>;
type AccountCommand = CommandOf<
  'name' | 'block' | 'unblock' | 'password' | 'logout' | 'logout-everywhere' | 'delete-account'
>;

/** Does what was typed; the composer is emptied at once, but by a message only when that is in the outbox. */
export function runCommand(state: ScreenState, command: Command, typed: string): Step {
  if (command.type === 'say') return send(state, openOf(state)?.name, command.body, typed);
  if (command.type === 'msg') return send(state, command.to, command.body, typed);
  const cleared = withDraft(state, state.open, EMPTY_EDITOR);
  switch (command.type) {
    case 'help':
      return step({ ...cleared, panel: { kind: 'help', firstRow: 0 } });
    case 'cluster':
      return step({ ...cleared, panel: { kind: 'cluster', selected: 0, killArmed: false } });
    case 'list':
      return openChoices(cleared, 'accounts', command.pattern ?? '');
    case 'rooms':
      return openChoices(cleared, 'rooms', command.pattern ?? '');
    case 'search':
      return openSearch(cleared, command.text.trim(), null);
    case 'to':
      return step(opened(cleared, command.name));
    case 'history':
      return history(command.with === undefined ? cleared : opened(cleared, command.with));
    case 'delete':
      return step(selectOwnToDelete(cleared));
    case 'mute':
      return mute(cleared, command.name ?? openOf(cleared)?.name);
    case 'quit':
      return step(cleared, { type: 'quit' });
    case 'name':
    case 'block':
    case 'unblock':
    case 'password':
    case 'logout':
    case 'logout-everywhere':
    case 'delete-account':
      return runAccountCommand(cleared, command);
    default:
      return runRoomCommand(cleared, command);
  }
}

function opened(state: ScreenState, name: string): ScreenState {
  return openConversation(ensureConversation(state, name, state.nowMs), nameKey(name));
}

function asked(state: ScreenState, request: ChatRequest): Step {
  return step(state, { type: 'request', request });
}

function runAccountCommand(state: ScreenState, command: AccountCommand): Step {
  switch (command.type) {
    case 'name':
      return asked(state, { call: 'set-display-name', displayName: command.text.trim() });
    case 'block': {
      const name = command.name ?? openOf(state)?.name;
      if (name !== undefined && !isRoomName(name)) return asked(state, { call: 'block', username: name });
      return step(withNotice(state, 'Whom? /block NAME blocks an account.', 'bad'));
    }
    case 'unblock':
      return asked(state, { call: 'unblock', username: command.name });
    case 'password':
      return step({ ...state, panel: secretPanel('change-password') });
    case 'delete-account':
      return step({ ...state, panel: secretPanel('delete-account') });
    case 'logout':
      return step(withNotice(state, 'Logging out …', 'plain'), { type: 'log-out' });
    case 'logout-everywhere':
      return confirm(state, 'All log-ins of your account end, on this device too. What is not sent yet stays.', {
        call: 'log-out-everywhere',
      });
  }
}

function confirm(state: ScreenState, question: string, request: ChatRequest): Step {
  return step({ ...state, panel: { kind: 'confirm', question, request } });
}

function runRoomCommand(state: ScreenState, command: RoomCommand): Step {
  if (command.type === 'join') {
    const present = state.conversations.get(nameKey(command.room));
    if (present?.room && present.ended === null) return step(openConversation(state, present.key));
    return asked(state, { call: 'join-room', room: command.room });
  }
  if (command.type === 'create') {
    return asked(state, { call: 'create-room', room: command.room, topic: command.topic.trim() });
  }
  const conversation = openOf(state);
  if (!conversation || !isRoomName(conversation.name)) {
    return step(withNotice(state, `/${command.type} is for rooms; /join #ROOM opens one, /rooms lists them.`, 'bad'));
  }
  return runInRoom(state, command, conversation);
}

function runInRoom(
  state: ScreenState,
  command: Exclude<RoomCommand, CommandOf<'join' | 'create'>>,
  room: Conversation,
): Step {
  const { name } = room;
  switch (command.type) {
    case 'leave':
      // The servers know already that it was left.
      if (room.ended !== null) return step(dropConversation(state, room, room.ended));
      return asked(state, { call: 'leave-room', room: name });
    case 'members':
      return openChoices(state, 'members', name);
    case 'topic': {
      const topic = command.text.trim();
      if (topic !== '') return asked(state, { call: 'set-topic', room: name, topic });
      const present = room.room?.topic ?? '';
      return step(
        withNotice(state, present === '' ? `${name} has no topic.` : `The topic of ${name}: ${present}`, 'plain'),
      );
    }
    case 'remove':
      return asked(state, { call: 'remove-member', room: name, username: command.name });
    case 'readmit':
      return asked(state, { call: 'readmit-member', room: name, username: command.name });
    case 'delete-room':
      return confirm(state, `The room ${name} and all its messages are deleted for everybody, for good.`, {
        call: 'delete-room',
        room: name,
      });
  }
}

function history(state: ScreenState): Step {
  const conversation = openOf(state);
  if (!conversation) return step(withNotice(state, 'There is no conversation; /to NAME opens one.', 'bad'));
  if (conversation.older === 'none') {
    return step(withNotice(state, `This is everything with ${conversation.name}; PgUp scrolls.`, 'plain'));
  }
  return fetchOlder(state, HISTORY_MESSAGES, true);
}

/** Silences a conversation, or lets it ring again. */
function mute(state: ScreenState, name: string | undefined): Step {
  if (name === undefined) return step(withNotice(state, 'There is no conversation; /mute NAME names one.', 'bad'));
  const key = nameKey(name);
  const muted = new Set(state.muted);
  const isMuted = !muted.delete(key);
  if (isMuted) muted.add(key);
  const words = isMuted ? `${name} does not ring any more; /mute again ends that.` : `${name} rings again.`;
  const now = withNotice({ ...state, muted }, words, 'plain');
  return step(now, { type: 'keep-muted', names: [...muted] });
}
