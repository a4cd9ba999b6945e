import type { AccountListing, Message, Room } from '../../shared/api.ts';
import type { LocalServer } from '../../shared/local-servers.ts';
import type { ChatEvent, ConnectionState, OutboxMessage } from '../chat-types.ts';
import type { Editor } from './editor.ts';
import type { Answer, Effect } from './effects.ts';
import type { FailOver } from './fail-over.ts';
import type { MessageLog } from './message-log.ts';
import type { Panel } from './panels.ts';
import type { ScreenSettings } from './screen-settings.ts';

/** How times of messages are named; given from outside, because time zones are no business of a reducer. */
export interface Calendar {
  /** The local day of a time (milliseconds since 1970), as people read it; equal for times of the same day. */
  day(atMs: number): string;
  /** The same in a few characters. */
  shortDay(atMs: number): string;
  /** Hours and minutes. */
  time(atMs: number): string;
  /** Hours, minutes and seconds. */
  exactTime(atMs: number): string;
}

/**
 * What the user did: typed text, pasted text, a key by name (`enter`, `page-up`, `ctrl+u`, `alt+3`, `shift+tab`), or
 * turned the wheel of the mouse (`wheel-up`, `wheel-down`); `focus` and `blur` say whether the window is looked at.
 */
export type Key = { type: 'text'; text: string } | { type: 'paste'; text: string } | { type: 'named'; name: string };

export type ScreenInput =
  | { type: 'event'; event: ChatEvent }
  | { type: 'key'; key: Key }
  | { type: 'resize'; columns: number; rows: number }
  | { type: 'answered'; answer: Answer }
  | { type: 'local-servers'; servers: readonly LocalServer[] }
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

/** What the text in a composer will be, if not a new message. */
export type ComposerContext =
  | { readonly kind: 'reply'; readonly id: string; readonly from: string; readonly quote: string }
  /** `kept` is what stood in the composer before; `busy` while the new text is on its way. */
  | { readonly kind: 'edit'; readonly id: string; readonly at: number; readonly kept: Editor; readonly busy: boolean };

/** Members of a room as far as they were fetched. */
export interface Members {
  readonly list: readonly AccountListing[];
  readonly state: 'loading' | 'whole' | 'part' | 'failed';
}

/** Why nothing can be written there any more. */
export type Ended = 'account-deleted' | 'room-deleted' | 'removed' | 'left';

export interface Conversation {
  /** Equal for names that are the same to the server. */
  readonly key: string;
  /** A username, or a room: `#name`. */
  readonly name: string;
  /** Null while it can be written to, as far as is known. */
  readonly ended: Ended | null;
  /** Of a room, once the servers told of it. */
  readonly room: Room | null;
  readonly members: Members | null;
  /** Of a person; empty for none. */
  readonly displayName: string;
  /** Of a person; null when that is not known. */
  readonly online: boolean | null;
  readonly log: MessageLog;
  /** Messages of others above `readPosition`. */
  readonly unread: number;
  /** Up to here everything was on this screen or that of another device of the account. */
  readonly readPosition: number;
  /** Messages up to here are in `unread` already, whether they are in the log or not. */
  readonly countedUpTo: number;
  /** Position of the newest message of somebody else that names the user; 0 for none. */
  readonly mentionedAt: number;
  /** Above this position begins what was new when the conversation was opened; null when nothing was. */
  readonly newSince: number | null;
  /** Time of the newest message, or of when the conversation was opened; 0 when that is not known. */
  readonly activeAtMs: number;
  /** What stands in the composer; never changed but by keys, by its arrival in the outbox, or by being given back. */
  readonly draft: Editor;
  readonly context: ComposerContext | null;
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
  /** All of what was typed: the body, or a command around it; empty when it does not stand in a composer. */
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

/** Names that Tab goes through, and the text without them. */
export interface Completion {
  readonly before: string;
  readonly after: string;
  readonly candidates: readonly string[];
  readonly index: number;
}

/** A message of the open conversation that keys are about. */
export interface Selection {
  readonly position: number;
  readonly asking: 'nothing' | 'delete' | 'reaction';
  /** What is typed as a reaction. */
  readonly reaction: Editor;
}

/** Somebody is typing, in the conversation with this key. */
export interface Typing {
  readonly key: string;
  readonly username: string;
  readonly untilMs: number;
}

/** An edit of, or a reaction to, a message that was not known here: it may come with a history that was read before. */
export type LateChange = Extract<ChatEvent, { type: 'message-edited' | 'message-reacted' }>;

/** Everything that decides what is on the screen. */
export interface ScreenState {
  readonly calendar: Calendar;
  readonly settings: ScreenSettings;
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
  /** The servers told what is unread since the log-in. */
  readonly listed: boolean;
  readonly conversations: ReadonlyMap<string, Conversation>;
  /** Key of the open conversation; null exactly when there is none. */
  readonly open: string | null;
  /** The user has pressed a key since the log-in: the open conversation is what they want to see. */
  readonly chosen: boolean;
  /** The window is looked at, as far as the terminal tells. */
  readonly focused: boolean;
  /** When a key was pressed last. */
  readonly usedAtMs: number;
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
  readonly lateChanges: readonly LateChange[];
  /** Answered messages that are in no log here; null: being fetched, or gone. */
  readonly quoted: ReadonlyMap<string, Message | null>;
  /** A message that is gone to as soon as the history reaches down to it. */
  readonly seeking: { readonly key: string; readonly position: number } | null;
  readonly typing: readonly Typing[];
  /** Keys of the names of accounts that the user blocks. */
  readonly blocked: ReadonlySet<string>;
  /** Keys of conversations that never ring. */
  readonly muted: ReadonlySet<string>;
  /** Texts typed so far, oldest first; `recall` counts from the newest, null while not leafing. */
  readonly typed: readonly string[];
  readonly recall: { readonly index: number; readonly kept: string } | null;
  readonly completion: Completion | null;
  /** Names of accounts and rooms seen in lists, for completion. */
  readonly knownNames: readonly string[];
  readonly panel: Panel | null;
  readonly selection: Selection | null;
  /** Pasted, and too long to be put into the composer without being asked for. */
  readonly pasted: string | null;
  readonly notice: Notice | null;
  /** The latest last. */
  readonly failOvers: readonly FailOver[];
  /** Null when the servers cannot be ended and started from here. */
  readonly localServers: readonly LocalServer[] | null;
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
