import type { Replies } from '../../shared/api.ts';
import type { Result } from '../../shared/errors.ts';
import type { ChatEvent, ConnectionState, OutboxMessage } from '../chat-types.ts';
import type { Editor } from './editor.ts';
import type { MessageLog } from './message-log.ts';

/** How times of messages are named; given from outside, because time zones are no business of a reducer. */
export interface Calendar {
  /** The local day of a time (milliseconds since 1970), as people read it; equal for times of the same day. */
  day(atMs: number): string;
  /** Hours and minutes. */
  time(atMs: number): string;
  /** Hours, minutes and seconds. */
  exactTime(atMs: number): string;
}

/** What the user did: typed or pasted text, or a key by name (`enter`, `page-up`, `ctrl+u`, `alt+3`, `shift+tab`). */
export type Key = { type: 'text'; text: string } | { type: 'named'; name: string };

/** Which window of an account's history is asked for. */
export interface HistoryAsk {
  before?: number;
  with?: string;
  limit?: number;
}

/** What the reducer wants done; each but `quit` and `received` is answered by an input of type `answered`. */
export type Effect =
  | { type: 'create-account'; username: string; password: string }
  | { type: 'log-in'; username: string; password: string }
  | { type: 'log-out' }
  | { type: 'delete-account'; password: string }
  | { type: 'list'; pattern: string; after?: string }
  /** `handed` is the number of the {@link HandedOver}. */
  | { type: 'send'; era: number; handed: number; to: string; body: string }
  | { type: 'delete-message'; id: string }
  /** `era` is the state's when it was asked: an answer of another era is dropped. */
  | { type: 'history'; era: number; conversation?: string; ask: HistoryAsk }
  | { type: 'received'; position: number }
  | { type: 'quit' };

type EffectOf<T extends Effect['type']> = Extract<Effect, { type: T }>;

/** The result of an effect, next to the effect itself. */
export type Answer =
  | { effect: EffectOf<'create-account'> | EffectOf<'log-in'>; result: Result<{ username: string }> }
  | { effect: EffectOf<'log-out'> | EffectOf<'delete-account'>; result: Result<object> }
  | { effect: EffectOf<'list'>; result: Result<Replies['account:list']> }
  | { effect: EffectOf<'send'>; result: Result<Replies['message:send']> }
  | { effect: EffectOf<'delete-message'>; result: Result<{ position: number }> }
  | { effect: EffectOf<'history'>; result: Result<Replies['message:history']> };

export type ScreenInput =
  | { type: 'event'; event: ChatEvent }
  | { type: 'key'; key: Key }
  | { type: 'resize'; columns: number; rows: number }
  | { type: 'answered'; answer: Answer }
  /** `nowMs` is milliseconds since 1970; expected about once a second. */
  | { type: 'tick'; nowMs: number };

/** Where the reader stands in a conversation: the message at the bottom edge, and how many of its rows lie below it. */
export interface ScrollAnchor {
  readonly position: number;
  readonly rowsBelow: number;
}

/** A message that was refused for good; it stays visible until the same text is on its way again. */
export interface FailedMessage extends OutboxMessage {
  readonly reason: string;
}

export interface Conversation {
  /** Equal for names that are the same to the server. */
  readonly key: string;
  readonly name: string;
  /** The account behind the name was deleted, and nobody has taken the name since as far as is known. */
  readonly deleted: boolean;
  readonly log: MessageLog;
  /** Fresh messages above `readPosition`. */
  readonly unread: number;
  /** The highest position that was on the screen. */
  readonly readPosition: number;
  /** Time of the newest message, or of when the conversation was opened. */
  readonly activeAtMs: number;
  /** What stands in the composer; never changed but by keys, by its arrival in the outbox, or by being given back. */
  readonly draft: Editor;
  readonly failed: readonly FailedMessage[];
  /** Null: at the bottom, new messages show at once. */
  readonly anchor: ScrollAnchor | null;
  readonly older: 'unknown' | 'loading' | 'none' | 'failed';
}

/** A text that was handed over for sending and is not seen in the outbox yet: it still stands where it was typed. */
export interface HandedOver {
  readonly number: number;
  /** Key of the conversation in whose composer it stands; null for the composer without one. */
  readonly typedIn: string | null;
  /** All of what was typed: the body, or a command around it. */
  readonly typed: string;
  readonly to: string;
  readonly body: string;
}

/** A message of the outbox; when it comes back, its position lies above `above`. */
export interface WaitingMessage extends OutboxMessage {
  readonly above: number;
}

/** Own messages that left the outbox as acknowledged, until they come back as messages. */
export interface SettledMessage extends OutboxMessage {
  readonly sinceMs: number;
}

export interface LoginForm {
  readonly mode: 'log-in' | 'create-account';
  readonly username: Editor;
  readonly password: Editor;
  readonly focus: 'mode' | 'username' | 'password';
  /** A request is on its way. */
  readonly busy: boolean;
  /** A sentence under the form; empty for none. */
  readonly message: string;
  readonly tone: Tone;
}

export type Tone = 'plain' | 'good' | 'warning' | 'bad';

export interface Notice {
  readonly text: string;
  readonly tone: Tone;
  readonly untilMs: number;
}

export interface ListedAccount {
  readonly username: string;
  readonly online: boolean;
}

/** What lies over the messages: at most one, closed by Esc. */
export type Panel =
  | { readonly kind: 'help'; readonly firstRow: number }
  | {
      readonly kind: 'accounts';
      readonly pattern: string;
      readonly accounts: readonly ListedAccount[];
      readonly more: boolean;
      readonly loading: boolean;
      readonly selected: number;
    }
  | { readonly kind: 'delete-account'; readonly password: Editor; readonly busy: boolean; readonly message: string };

/** Names that Tab goes through, and the text without them. */
export interface Completion {
  readonly before: string;
  readonly after: string;
  readonly candidates: readonly string[];
  readonly index: number;
}

/** Everything that decides what is on the screen. */
export interface ScreenState {
  readonly calendar: Calendar;
  readonly columns: number;
  readonly rows: number;
  readonly nowMs: number;
  readonly connection: ConnectionState;
  /** What is told before the first connection was shown to its reader in an earlier session. */
  readonly everConnected: boolean;
  readonly form: LoginForm;
  /** Empty while logged out: then the form is shown. */
  readonly username: string;
  /** Whose conversations these are; kept after a log-in ended, so that the same user finds everything again. */
  readonly owner: string;
  /** Grows whenever positions or the account change, so that late answers can be told apart. */
  readonly era: number;
  /** The newest messages were fetched after the log-in. */
  readonly recentLoaded: boolean;
  readonly conversations: ReadonlyMap<string, Conversation>;
  /** Key of the open conversation; null exactly when there is none. */
  readonly open: string | null;
  /** The user has pressed a key since the log-in: the open conversation is what they want to see. */
  readonly chosen: boolean;
  /** The highest position seen. */
  readonly highest: number;
  /** What is typed while there is no conversation. */
  readonly strayDraft: Editor;
  readonly handedOver: readonly HandedOver[];
  /** How many texts were handed over so far. */
  readonly handedCount: number;
  readonly outbox: readonly WaitingMessage[];
  readonly settled: readonly SettledMessage[];
  /** Request numbers of the outbox whose message has come back already. */
  readonly arrived: readonly number[];
  /** The latest deletions, against history that was read before them. */
  readonly deletedIds: readonly string[];
  /** Texts typed so far, oldest first; `recall` counts from the newest, null while not leafing. */
  readonly typed: readonly string[];
  readonly recall: { readonly index: number; readonly kept: string } | null;
  readonly completion: Completion | null;
  /** Names seen in lists, for completion. */
  readonly knownNames: readonly string[];
  readonly panel: Panel | null;
  /** Position of the own message that is picked for deletion. */
  readonly picked: number | null;
  readonly notice: Notice | null;
  /** Ctrl+C was pressed while there is unsent text; a second one until then quits. */
  readonly quitArmedUntilMs: number;
}

/** A state and what is to be done now. */
export interface Step {
  readonly state: ScreenState;
  readonly effects: readonly Effect[];
}

export function step(state: ScreenState, ...effects: Effect[]): Step {
  return { state, effects };
}
