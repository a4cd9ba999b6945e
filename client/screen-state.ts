import type { ConnectionState, OutboxMessage } from './chat-types.ts';
import { onAnswer } from './screen/answers.ts';
import { onChatEvent } from './screen/chat-events.ts';
import { markShown } from './screen/conversations.ts';
import { EMPTY_EDITOR, editorWith } from './screen/editor.ts';
import type { Calendar, ScreenInput, ScreenState, Step } from './screen/model.ts';
import { fillRoom } from './screen/scrolling.ts';
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
}

/** The first screen: nobody is logged in until an event says so. */
export function startScreen(start: ScreenStart): ScreenState {
  const { calendar, columns, rows, nowMs, connection, suggestedUsername = '', isNewcomer = false, outbox = [] } = start;
  return {
    calendar,
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
    conversations: new Map(),
    open: null,
    chosen: false,
    highest: 0,
    strayDraft: EMPTY_EDITOR,
    handedOver: [],
    handedCount: 0,
    outbox: outbox.map((one) => ({ ...one, above: 0 })),
    settled: [],
    arrived: [],
    deletedIds: [],
    typed: [],
    recall: null,
    completion: null,
    knownNames: [],
    panel: null,
    picked: null,
    notice: null,
    quitArmedUntilMs: 0,
  };
}

/**
 * The screen after an input, and what is to be done now. Everything that is shown follows from the state alone; time
 * comes as an input.
 */
export function nextScreen(state: ScreenState, input: ScreenInput): Step {
  const { state: changed, effects } = onInput(state, input);
  const filling = fillRoom(markShown(changed));
  return { state: filling.state, effects: [...effects, ...filling.effects] };
}

function onInput(state: ScreenState, input: ScreenInput): Step {
  switch (input.type) {
    case 'event':
      return onChatEvent(state, input.event);
    case 'key':
      return onKey(state, input.key);
    case 'answered':
      return onAnswer(state, input.answer);
    case 'resize':
      return { state: { ...state, columns: input.columns, rows: input.rows }, effects: [] };
    case 'tick':
      return { state: onTick(state, input.nowMs), effects: [] };
  }
}

function onTick(state: ScreenState, nowMs: number): ScreenState {
  const notice = state.notice && state.notice.untilMs > nowMs ? state.notice : null;
  const settled = state.settled.filter((one) => nowMs - one.sinceMs < SETTLED_MS);
  return { ...state, nowMs, notice, settled: settled.length === state.settled.length ? state.settled : settled };
}
