import { nameKey } from '../../shared/names.ts';
import { EMPTY_EDITOR, editorWith } from './editor.ts';
import type { Effect } from './effects.ts';
import { EMPTY_LOG } from './message-log.ts';
import { type Conversation, type ScreenState, type Step, step } from './model.ts';
import { withNotice } from './notices.ts';
import { onOutbox } from './outbox.ts';

/** How much of the newest history is asked for after a log-in. */
const RECENT_MESSAGES = 200;

/** Asks for the newest messages of all conversations. */
function recentHistory(state: ScreenState): Effect {
  return { type: 'history', era: state.era, ask: { before: Number.MAX_SAFE_INTEGER, limit: RECENT_MESSAGES } };
}

/** Someone is logged in: the same user as before finds everything as it was, another one an empty screen. */
export function onLoggedIn(state: ScreenState, username: string): Step {
  if (state.username === username) return step(state);
  const form = { ...state.form, password: EMPTY_EDITOR, busy: false, message: '' };
  const same = nameKey(state.owner) === nameKey(username);
  const kept = same || state.owner === '' ? state : withoutConversations(state);
  const now: ScreenState = {
    ...kept,
    form,
    username,
    owner: username,
    era: state.era + 1,
    recentLoaded: false,
    listed: false,
    chosen: false,
    usedAtMs: state.nowMs,
    conversations: mapped(kept, asAnew),
  };
  return step(now, recentHistory(now), { type: 'settings', era: now.era });
}

/** What was asked for before belongs to another era: its answer will not count. */
function asAnew(one: Conversation): Conversation {
  const context = one.context?.kind === 'edit' ? { ...one.context, busy: false } : one.context;
  return { ...one, context, members: null, older: one.older === 'loading' ? 'unknown' : one.older };
}

function mapped(state: ScreenState, change: (one: Conversation) => Conversation): ReadonlyMap<string, Conversation> {
  return new Map([...state.conversations].map(([key, one]) => [key, change(one)] as const));
}

function withoutConversations(state: ScreenState): ScreenState {
  const empty: ScreenState = {
    ...state,
    conversations: new Map(),
    open: null,
    highest: 0,
    strayDraft: EMPTY_EDITOR,
    handedOver: [],
    settled: [],
    arrived: [],
    deletedIds: [],
    lateChanges: [],
    quoted: new Map(),
    seeking: null,
    typing: [],
    blocked: new Set(),
    typed: [],
    recall: null,
    completion: null,
    knownNames: [],
    panel: null,
    selection: null,
    pasted: null,
  };
  return onOutbox({ ...empty, outbox: [] }, state.outbox);
}

/** Back to the form, with the reason; `forget` drops what was on the screen. */
export function onLoggedOut(state: ScreenState, reason: string, forget = false): ScreenState {
  if (state.username === '' && !forget) return { ...state, form: { ...state.form, busy: false, message: reason } };
  const kept = forget ? { ...withoutConversations(state), owner: '' } : state;
  return {
    ...kept,
    username: '',
    era: state.era + 1,
    panel: null,
    selection: null,
    seeking: null,
    typing: [],
    form: {
      mode: 'log-in',
      username: editorWith(state.username || state.form.username.text),
      password: EMPTY_EDITOR,
      focus: 'password',
      busy: false,
      message: reason,
      tone: 'plain',
    },
  };
}

/** Positions mean nothing any more: all messages are fetched anew. */
export function onReload(state: ScreenState, reason: string): Step {
  const now: ScreenState = {
    ...withNotice(state, reason, 'warning'),
    conversations: mapped(state, emptied),
    era: state.era + 1,
    recentLoaded: false,
    listed: false,
    highest: 0,
    outbox: state.outbox.map((one) => ({ ...one, above: 0 })),
    settled: [],
    arrived: [],
    deletedIds: [],
    lateChanges: [],
    quoted: new Map(),
    seeking: null,
    selection: null,
  };
  return state.username === '' ? step(now) : step(now, recentHistory(now), { type: 'settings', era: now.era });
}

function emptied(one: Conversation): Conversation {
  const context = one.context?.kind === 'edit' ? { ...one.context, busy: false } : one.context;
  const fresh = { unread: 0, readPosition: 0, countedUpTo: 0, mentionedAt: 0, newSince: null };
  return { ...one, ...fresh, context, members: null, log: EMPTY_LOG, anchor: null, older: 'unknown' };
}
