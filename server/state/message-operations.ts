import type { AccountId, RoomId } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import type { Account } from './accounts.ts';
import type { ChatParts } from './chat-parts.ts';
import { parseReadMarks } from './read-marks.ts';
import type { Notice } from './reader.ts';
import { readReceipts } from './receipts.ts';
import { firstWord, secondWord } from './subjects.ts';
import { audienceOf } from './views.ts';

/** `message:send`, which was found to take effect. */
export function sendMessage({ accounts, rooms, archive }: ChatParts, entry: LogEntry): Notice[] {
  const { id, op: position, time: at, body, subject } = entry;
  const from = accounts.present(entry.account)!;
  const to = firstWord(subject);
  const replyTo = secondWord(subject);
  const account = accounts.present(to);
  const room = account ? undefined : rooms.find(to)!;
  if (account) archive.add(id, position, from.id, account.id);
  else archive.post(id, position, from.id, to as RoomId);
  const message = { id, position, from: from.username, to: (account?.username ?? room?.name)!, body, at };
  const told = account ? sidesOf(from, account) : rooms.memberIds(room!);
  return [{ type: 'message:new', accounts: told, message: replyTo === '' ? message : { ...message, replyTo } }];
}

function sidesOf(from: Account, to: Account): AccountId[] {
  return from === to ? [from.id] : [from.id, to.id];
}

/** `message:delete`, which was found to take effect. */
export function deleteMessage(parts: ChatParts, { op, subject: id }: LogEntry): Notice[] {
  const { archive } = parts;
  const message = archive.find(id)!;
  archive.delete(message, op);
  forgetMessage(parts, message, op);
  const deletion = { id, position: op };
  return [{ type: 'message:deleted', accounts: audienceOf(parts, message), deletion }];
}

/** The message is gone by an op: nobody needs its edits and reactions any more. */
export function forgetMessage({ archive, reactions, compactions }: ChatParts, message: number, op: number): void {
  const editedAtOp = archive.columns.editedAtOp(message);
  if (editedAtOp > 0) compactions.replace(editedAtOp, op);
  for (const row of reactions.forgetMessage(message)) compactions.replace(row, op);
}

/** `message:edit`, which was found to take effect. */
export function editMessage(parts: ChatParts, { op: position, time: at, subject: id, body }: LogEntry): Notice[] {
  const { archive, compactions } = parts;
  const message = archive.find(id)!;
  compactions.replace(archive.columns.editedAtOp(message), position);
  archive.edit(message, position);
  compactions.need(position);
  compactions.noteRemovable(position);
  return [{ type: 'message:edited', accounts: audienceOf(parts, message), edit: { id, position, body, at } }];
}

/**
 * `message:react` or `message:unreact`, which was found to take effect. In the history it counts as a change whether it changes anything
 * or not: once compaction has removed the text, nobody can tell.
 */
export function react(parts: ChatParts, { op: position, event, account, subject: id, body }: LogEntry): Notice[] {
  const { accounts, archive, reactions, compactions } = parts;
  const message = archive.find(id)!;
  const from = accounts.present(account)!;
  const number = archive.numberFor(from.id);
  const on = event === 'message:react';
  const isNew = on
    ? reactions.give(message, number, position, body)
    : reactions.takeBack(message, number, position, body);
  archive.react(message, position, from.id);
  compactions.need(position);
  if (!isNew) return [];
  const change = { id, position, from: from.username, reaction: body, on };
  return [{ type: 'message:reacted', accounts: audienceOf(parts, message), change }];
}

/** A position above the entry's own was never told to anyone: such a receipt, from a confused client, counts for nothing. */
export function noteReceipts({ accounts }: ChatParts, entry: LogEntry): void {
  for (const { account: id, position } of readReceipts(entry.body)) {
    const account = accounts.present(id);
    if (account !== undefined && position <= entry.op) account.received = Math.max(account.received, position);
  }
}

/** `conversation:read`. What is above the entry's own position, or in no conversation of the account, counts for nothing. */
export function noteReadMarks(parts: ChatParts, entry: LogEntry): Notice[] {
  const notices: Notice[] = [];
  for (const { account, with: end, position } of parseReadMarks(entry.body)) {
    if (position > entry.op || parts.accounts.present(account) === undefined) continue;
    const name = raiseMark(parts, account, end, position);
    if (name === undefined) continue;
    const mark = { with: name, read: position, position: entry.op };
    notices.push({ type: 'conversation:read', account, mark });
  }
  return notices;
}

/** @returns what the account names the conversation by; undefined when nothing changed */
function raiseMark(parts: ChatParts, account: AccountId, end: string, position: number): string | undefined {
  const { accounts, rooms, archive, marks } = parts;
  const room = rooms.find(end);
  if (room !== undefined) {
    const member = room.members.get(account);
    if (member === undefined || member.read >= position) return undefined;
    member.read = position;
    return room.name;
  }
  const conversation = archive.between(account, end as AccountId);
  if (conversation === undefined) return undefined;
  const side = archive.sideOf(account, conversation);
  if (marks.get(conversation, side) >= position) return undefined;
  marks.set(conversation, side, position);
  return accounts.find(end)!.username;
}
