import { nameKey } from '../../shared/names.ts';
import { onEdited } from './composing.ts';
import { changed, conversationNamed, dropConversation } from './conversations.ts';
import type { AnswerTo, ChatRequest } from './effects.ts';
import { removeMessage } from './messages.ts';
import type { ScreenState } from './model.ts';
import { withNotice } from './notices.ts';
import { opened } from './rooms.ts';
import { onSecretAnswered } from './secret-panel.ts';

/** What the answer to a request makes of the screen. */
export function onRequested(state: ScreenState, { effect, result }: AnswerTo<'request'>): ScreenState {
  const { request } = effect;
  const refused = result.ok ? '' : result.error.message;
  if (request.call === 'edit-message') return onEdited(state, request.conversation, request.body, refused);
  if (request.call === 'change-password') return onSecretAnswered(state, 'change-password', refused);
  if (refused !== '') return withNotice(state, refused, 'bad');
  const now = afterSuccess(state, request);
  const words = successWords(request);
  return words === '' ? now : withNotice(now, words, 'good');
}

function afterSuccess(state: ScreenState, request: ChatRequest): ScreenState {
  switch (request.call) {
    case 'create-room':
    case 'join-room':
      return opened(state, request.room);
    case 'leave-room': {
      const conversation = conversationNamed(state, request.room);
      return conversation ? dropConversation(state, conversation, 'left') : state;
    }
    case 'delete-message':
      return removeMessage(state, request.id);
    case 'block':
    case 'unblock':
      return withBlocked(state, request.username, request.call === 'block');
    case 'readmit-member':
      return changed(state, request.room, { members: null });
    default:
      return state;
  }
}

/** Whose messages the user wants to see and get, or no longer. */
export function withBlocked(state: ScreenState, username: string, isBlocked: boolean): ScreenState {
  const blocked = new Set(state.blocked);
  if (isBlocked) blocked.add(nameKey(username));
  else blocked.delete(nameKey(username));
  return { ...state, blocked };
}

function successWords(request: ChatRequest): string {
  switch (request.call) {
    case 'create-room':
      return `The room ${request.room} is made; others join it with /join ${request.room}.`;
    case 'remove-member':
      return `${request.username} is removed from ${request.room}, and cannot join again until /readmit ${request.username}.`;
    case 'readmit-member':
      return `${request.username} may join ${request.room} again.`;
    case 'block':
      return `${request.username} is blocked: neither of you can write to the other. /unblock ${request.username} ends that.`;
    case 'unblock':
      return `${request.username} is not blocked any more.`;
    case 'set-display-name':
      return request.displayName === ''
        ? 'Your display name is taken away.'
        : `Others see you as ${request.displayName}.`;
    case 'delete-message':
      return 'The message is deleted.';
    default:
      return '';
  }
}
