import type { Message, Replies } from '../../shared/api.ts';
import type { Result } from '../../shared/errors.ts';
import type { ServerAction } from '../../shared/local-servers.ts';

/** Which window of an account's history is asked for. */
export interface HistoryAsk {
  before?: number;
  with?: string;
  limit?: number;
}

/** What is asked of the servers once and answered with nothing but success or a refusal. */
export type ChatRequest =
  | { call: 'create-room'; room: string; topic: string }
  | { call: 'join-room'; room: string }
  | { call: 'leave-room'; room: string }
  | { call: 'delete-room'; room: string }
  | { call: 'set-topic'; room: string; topic: string }
  | { call: 'remove-member'; room: string; username: string }
  | { call: 'readmit-member'; room: string; username: string }
  | { call: 'block'; username: string }
  | { call: 'unblock'; username: string }
  | { call: 'set-display-name'; displayName: string }
  | { call: 'change-password'; password: string; newPassword: string }
  | { call: 'log-out-everywhere' }
  /** `conversation` is the key of the one in whose composer the new text stands. */
  | { call: 'edit-message'; id: string; body: string; conversation: string }
  | { call: 'delete-message'; id: string }
  | { call: 'react'; id: string; reaction: string; on: boolean };

/** What the reducer wants done; those that have an {@link Answer} are answered by an input of type `answered`. */
export type Effect =
  | { type: 'create-account'; username: string; password: string }
  | { type: 'log-in'; username: string; password: string }
  | { type: 'log-out' }
  | { type: 'delete-account'; password: string }
  | { type: 'request'; request: ChatRequest }
  | { type: 'accounts'; pattern: string; after?: string }
  | { type: 'rooms'; pattern: string; after?: string }
  | { type: 'members'; era: number; room: string; after?: string }
  | { type: 'settings'; era: number }
  /** A message that is answered by one in sight, and not known here. */
  | { type: 'quoted'; era: number; id: string }
  /** `number` tells the searches of a panel apart. */
  | { type: 'search'; number: number; text: string; with?: string; before?: number }
  /** `handed` is the number of the `HandedOver`. */
  | { type: 'send'; era: number; handed: number; to: string; body: string; replyTo?: string }
  /** `era` is the state's when it was asked: an answer of another era is dropped. */
  | { type: 'history'; era: number; conversation?: string; ask: HistoryAsk }
  | { type: 'received'; position: number }
  /** Everything up to this position was seen by its reader. */
  | { type: 'read'; conversation: string; position: number }
  | { type: 'typing'; conversation: string; typing: boolean }
  /** Something arrived that its reader wants to be called for. */
  | { type: 'ring' }
  /** The names of conversations that are silent, to be kept. */
  | { type: 'keep-muted'; names: readonly string[] }
  | { type: 'control'; action: ServerAction; address: string }
  | { type: 'quit' };

export type EffectOf<T extends Effect['type']> = Extract<Effect, { type: T }>;

/** The result of an effect, next to the effect itself. */
export type Answer =
  | { effect: EffectOf<'create-account'>; result: Result<{ username: string }> }
  | { effect: EffectOf<'log-in'>; result: Result<{ username: string }> }
  | { effect: EffectOf<'log-out'>; result: Result<object> }
  | { effect: EffectOf<'delete-account'>; result: Result<object> }
  | { effect: EffectOf<'request'>; result: Result<object> }
  | { effect: EffectOf<'accounts'>; result: Result<Replies['account:list']> }
  | { effect: EffectOf<'rooms'>; result: Result<Replies['room:list']> }
  | { effect: EffectOf<'members'>; result: Result<Replies['room:members']> }
  | { effect: EffectOf<'settings'>; result: Result<Replies['account:settings']> }
  | { effect: EffectOf<'quoted'>; result: Result<Message> }
  | { effect: EffectOf<'search'>; result: Result<Replies['message:search']> }
  | { effect: EffectOf<'send'>; result: Result<Replies['message:send']> }
  | { effect: EffectOf<'history'>; result: Result<Replies['message:history']> }
  | { effect: EffectOf<'control'>; result: Result<object> };

/** The answers to effects of this type. */
export type AnswerTo<T extends Answer['effect']['type']> = Extract<Answer, { effect: { type: T } }>;
