import type { ReadEvent, Replies, RequestOf, WriteEvent } from '../shared/api.ts';
import { documentKey, documentText } from '../shared/documents.ts';
import { type Result, refusal, success } from '../shared/errors.ts';
import { normalizeRoomName, normalizeUsername } from '../shared/names.ts';
import type { Chat } from './chat-types.ts';
import type { ClientCore } from './client-core.ts';
import {
  checkBody,
  checkDisplayName,
  checkMessageId,
  checkName,
  checkNewPassword,
  checkPassword,
  checkPattern,
  checkReaction,
  checkSearch,
  checkTopic,
} from './input-checks.ts';
import type { Write } from './request-queue.ts';

type Positioned = Promise<Result<{ position: number }>>;
/** Writes that are answered with their position. */
type PositionedEvent = { [E in WriteEvent]: Replies[E] extends { position: number } ? E : never }[WriteEvent];

/** The part of {@link Chat} that asks for one thing, of whoever is logged in, and is answered; nothing of it is kept. */
export abstract class ChatRequests {
  protected readonly core: ClientCore;

  constructor(core: ClientCore) {
    this.core = core;
  }

  editMessage(id: string, body: string): Promise<Result<Replies['message:edit']>> {
    return this.#writeChecked([checkMessageId(id), checkBody(body)], 'message:edit', { id, body });
  }

  deleteMessage(id: string): Positioned {
    return this.#writeChecked([checkMessageId(id)], 'message:delete', { id });
  }

  react(id: string, reaction: string): Positioned {
    return this.#writeChecked([checkReaction(reaction), checkMessageId(id)], 'message:react', { id, reaction });
  }

  unreact(id: string, reaction: string): Positioned {
    return this.#writeChecked([checkReaction(reaction), checkMessageId(id)], 'message:unreact', { id, reaction });
  }

  createRoom(room: string, topic = ''): Positioned {
    const asked = topic === '' ? { room } : { room, topic };
    return this.#writeChecked([checkTopic(topic), normalizeRoomName(room)], 'room:create', asked);
  }

  joinRoom(room: string): Positioned {
    return this.#writeChecked([normalizeRoomName(room)], 'room:join', { room });
  }

  leaveRoom(room: string): Positioned {
    return this.#writeChecked([normalizeRoomName(room)], 'room:leave', { room });
  }

  deleteRoom(room: string): Positioned {
    return this.#writeChecked([normalizeRoomName(room)], 'room:delete', { room });
  }

  setTopic(room: string, topic: string): Positioned {
    return this.#writeChecked([checkTopic(topic), normalizeRoomName(room)], 'room:topic', { room, topic });
  }

  removeFromRoom(room: string, username: string): Positioned {
    const checks = [normalizeRoomName(room), normalizeUsername(username)];
    return this.#writeChecked(checks, 'room:remove', { room, username });
  }

  readmitToRoom(room: string, username: string): Positioned {
    const checks = [normalizeRoomName(room), normalizeUsername(username)];
    return this.#writeChecked(checks, 'room:readmit', { room, username });
  }

  setDisplayName(displayName: string): Positioned {
    return this.#writeChecked([checkDisplayName(displayName)], 'account:profile', { displayName });
  }

  changePassword(password: string, newPassword: string): Promise<Result<object>> {
    const checks = [checkPassword(password, 'wrong-password'), checkNewPassword(newPassword)];
    return this.#writeChecked(checks, 'account:password', { password, newPassword });
  }

  block(username: string): Positioned {
    return this.#writeChecked([normalizeUsername(username)], 'account:block', { username });
  }

  unblock(username: string): Positioned {
    return this.#writeChecked([normalizeUsername(username)], 'account:unblock', { username });
  }

  async message(id: string): ReturnType<Chat['message']> {
    const result = await this.#readChecked([checkMessageId(id)], 'message:get', { id });
    return result.ok ? success(result.value.message) : result;
  }

  search(ask: Parameters<Chat['search']>[0]): ReturnType<Chat['search']> {
    const checks = [checkSearch(ask.text), checkName(ask.with ?? '', 'no-such-account')];
    return this.#readChecked(checks, 'message:search', ask);
  }

  history(ask: Parameters<Chat['history']>[0]): ReturnType<Chat['history']> {
    return this.#readChecked([checkName(ask.with ?? '', 'no-such-account')], 'message:history', ask);
  }

  /** A page of the conversations of the account; see `conversation:list`. */
  listConversations(after?: string): Promise<Result<Replies['conversation:list']>> {
    const ask = after === undefined ? {} : { after };
    return this.#readChecked([checkName(after ?? '', 'bad-request')], 'conversation:list', ask);
  }

  async listAccounts(pattern?: string, after?: string): ReturnType<Chat['listAccounts']> {
    const checked = checkPattern(pattern ?? '');
    if (!checked.ok) return checked;
    return this.core.read('account:list', page(pattern, after));
  }

  listRooms(pattern?: string, after?: string): ReturnType<Chat['listRooms']> {
    return this.#readChecked([checkPattern(pattern ?? '')], 'room:list', page(pattern, after));
  }

  roomMembers(room: string, after?: string): ReturnType<Chat['roomMembers']> {
    const ask = { room, ...(after === undefined ? {} : { after }) };
    return this.#readChecked([normalizeRoomName(room)], 'room:members', ask);
  }

  settings(): ReturnType<Chat['settings']> {
    return this.#readChecked([], 'account:settings', {});
  }

  async setDocument(key: string, value: unknown): ReturnType<Chat['setDocument']> {
    const text = documentText(value);
    // What is changed by the caller before it is sent, or sent again, is not to be a request of the same number for something else.
    const kept: unknown = text.ok ? JSON.parse(text.value) : undefined;
    const { length } = text.ok ? text.value : '';
    return this.#writeDocument([documentKey(key), text], 'document:set', { key, value: kept }, length);
  }

  async getDocument(key: string): ReturnType<Chat['getDocument']> {
    const checked = documentKey(key);
    return checked.ok ? this.core.read('document:get', { key: checked.value }) : checked;
  }

  deleteDocument(key: string): ReturnType<Chat['deleteDocument']> {
    return this.#writeDocument([documentKey(key)], 'document:delete', { key });
  }

  /** Needs no log-in. */
  async #writeDocument<E extends 'document:set' | 'document:delete'>(
    checks: readonly Result<string>[],
    event: E,
    payload: Write<E>['payload'],
    length = 0,
  ): Promise<Result<Replies[E]>> {
    for (const check of checks) if (!check.ok) return check;
    const onDone = (value: Replies[E]) => this.core.saw((value as { position: number }).position);
    return this.core.write(event, payload, onDone, length);
  }

  async #writeChecked<E extends PositionedEvent>(
    checks: readonly Result<string>[],
    event: E,
    payload: Write<E>['payload'],
  ): Promise<Result<Replies[E]>> {
    const refused = this.refusalOf(checks);
    if (refused) return refused;
    return this.core.write(event, payload, (value) => this.core.saw((value as { position: number }).position));
  }

  async #readChecked<E extends ReadEvent>(
    checks: readonly Result<string>[],
    event: E,
    payload: RequestOf<E>,
  ): Promise<Result<Replies[E]>> {
    return this.refusalOf(checks) ?? this.core.read(event, payload);
  }

  /** What is wrong before anything is asked. */
  protected refusalOf(checks: readonly Result<string>[]): ReturnType<typeof refusal> | undefined {
    if (this.core.account.username === '') return notLoggedIn();
    for (const check of checks) if (!check.ok) return check;
    return undefined;
  }
}

/** The answer to whoever asks for something that needs a log-in. */
export function notLoggedIn(): ReturnType<typeof refusal> {
  return refusal('not-logged-in', 'Nobody is logged in; log in first.');
}

function page(pattern: string | undefined, after: string | undefined): { pattern?: string; after?: string } {
  return { ...(pattern ? { pattern } : {}), ...(after ? { after } : {}) };
}
