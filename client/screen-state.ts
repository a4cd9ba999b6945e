import type { LocalServer } from '../shared/local-servers.ts';
import { nameKey } from '../shared/names.ts';
import type { ConnectionState, OutboxMessage } from './chat-types.ts';
import { onAnswer } from './screen/answers.ts';
import { onChatEvent } from './screen/chat-events.ts';
import { EMPTY_EDITOR, editorWith } from './screen/editor.ts';
import { fetchQuoted } from './screen/fetch-quoted.ts';
import { type Calendar, type ScreenInput, type ScreenState, type Step, step } from './screen/model.ts';
import { fetchMembers } from './screen/rooms.ts';
import { DEFAULT_SCREEN_SETTINGS, type ScreenSettings } from './screen/screen-settings.ts';
import { fillRoom } from './screen/scrolling.ts';
import { typingEffects } from './screen/typing.ts';
import { markShown } from './screen/unread.ts';
import { onKey } from './screen-keys.ts';

/** A message that left the outbox and never came back is shown for so long. */
const SETTLED_MS = 10_000;

export interface ScreenStart {
  calendar: Calendar;
  columns: number;
  rows: number;
  /** Milliseconds since 1970. */
  nowMs: number;
  connection: ConnectionState;
  /** Put into the form. */
  suggestedUsername?: string;
  /** The form begins with making an account. */
  isNewcomer?: boolean;
  /** What already waits to be sent. */
  outbox?: readonly OutboxMessage[];
  settings?: ScreenSettings;
  /** Servers that can be ended and started from the screen; null or absent when none can. */
  localServers?: readonly LocalServer[] | null;
}

/** The first screen: nobody is logged in until an event says so. */
export function startScreen(start: ScreenStart): ScreenState {
  const { calendar, columns, rows, nowMs, connection, suggestedUsername = '', isNewcomer = false, outbox = [] } = start;
  const { settings = DEFAULT_SCREEN_SETTINGS, localServers = null } = start;
  return {
    calendar,
    settings,
    columns,
    rows,
    nowMs,
    connection,
    everConnected: connection.phase === 'connected',
    form: {
      mode: isNewcomer && suggestedUsername === '' ? 'create-account' : 'log-in',
      username: editorWith(suggestedUsername),
      password: EMPTY_EDITOR,
      focus: suggestedUsername === '' ? 'username' : 'password',
      busy: false,
      message: '',
      tone: 'plain',
    },
    username: '',
    owner: '',
    era: 0,
    recentLoaded: false,
    listed: false,
    conversations: new Map(),
    open: null,
    chosen: false,
    focused: true,
    usedAtMs: nowMs,
    highest: 0,
    strayDraft: EMPTY_EDITOR,
    handedOver: [],
    handedCount: 0,
    outbox: outbox.map((one) => ({ ...one, above: 0 })),
    settled: [],
    arrived: [],
    deletedIds: [],
    lateChanges: [],
    quoted: new Map(),
    seeking: null,
    typing: [],
    blocked: new Set(),
    muted: new Set(settings.muted.map(nameKey)),
    typed: [],
    recall: null,
    completion: null,
    knownNames: [],
    panel: null,
    selection: null,
    pasted: null,
    notice: null,
    failOvers: [],
    localServers,
    quitArmedUntilMs: 0,
  };
}

/**
 * The screen after an input, and what is to be done now. Everything that is shown follows from the state alone; time
 * comes as an input.
 */
export function nextScreen(state: ScreenState, input: ScreenInput): Step {
  const { state: changed, effects } = onInput(state, input);
  let now = changed;
  const all = [...effects];
  for (const followUp of FOLLOW_UPS) {
    const next = followUp(now);
    now = next.state;
    all.push(...next.effects);
  }
  return { state: now, effects: [...all, ...typingEffects(state, input, now)] };
}

/** What follows from what is on the screen, whatever happened. */
const FOLLOW_UPS: readonly ((state: ScreenState) => Step)[] = [markShown, fillRoom, fetchMembers, fetchQuoted];

function onInput(state: ScreenState, input: ScreenInput): Step {
  switch (input.type) {
    case 'event':
      return onChatEvent(state, input.event);
    case 'key':
      return onKey(state, input.key);
    case 'answered':
      return onAnswer(state, input.answer);
    case 'resize':
      return step({ ...state, columns: input.columns, rows: input.rows });
    case 'local-servers':
      return step({ ...state, localServers: input.servers });
    case 'tick':
      return step(onTick(state, input.nowMs));
  }
}

function onTick(state: ScreenState, nowMs: number): ScreenState {
  const notice = state.notice && state.notice.untilMs > nowMs ? state.notice : null;
  const settled = kept(state.settled, (one) => nowMs - one.sinceMs < SETTLED_MS);
  const typing = kept(state.typing, (one) => one.untilMs > nowMs);
  return { ...state, nowMs, notice, settled, typing };
}

/** Those for which `holds`; the same list when all do. */
function kept<T>(list: readonly T[], holds: (one: T) => boolean): readonly T[] {
  const left = list.filter(holds);
  return left.length === list.length ? list : left;
}
