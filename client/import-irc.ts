import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ChatError } from '../shared/errors.ts';
import type { Address } from '../shared/ids.ts';
import { REQUESTS_IN_FLIGHT } from '../shared/limits.ts';
import { nameKey, normalizeRoomName } from '../shared/names.ts';
import { ImportProgress } from './import-progress.ts';
import { ImportSpeakers } from './import-speakers.ts';
import { type ImportPlan, type PlannedMessage, parseLogLine, planImport, roomOfLog } from './irc-log.ts';
import { DONE, MISUSED, NOT_REACHED, type Output, REFUSED } from './output.ts';
import { ProgressBar } from './progress-bar.ts';

/** Of imported accounts, when nobody says another. */
export const DEFAULT_IMPORT_PASSWORD = 'imported-from-irc';

export interface ImportOptions {
  servers: readonly Address[];
  stateFolder: string;
  /** Where what is addressed to nobody goes; a room named after the log, when undefined. */
  room?: string | undefined;
  /** Of every account that is made. */
  password: string;
  /** Sends everything once more, although it was imported before. */
  again: boolean;
  /** How long to look for a server. */
  timeoutMs: number;
  output: Output;
  /** Requests go to any server that takes them; each speaker's to one of its own. */
  spread?: boolean;
}

/**
 * Sends the addressed lines of a channel's log as direct messages, and the others to a room, which everybody joins before
 * they speak there. In each conversation the order is that of the file.
 *
 * @returns the exit status: 0, 1 when something was refused, 2 when the file cannot be read or the room is not possible, 3 when
 * no server is reached
 */
export async function importIrc(path: string, options: ImportOptions): Promise<number> {
  const { servers, output, password, stateFolder, again, timeoutMs, spread = false } = options;
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (failure) {
    output.note(`The log cannot be read: ${(failure as Error).message}`);
    return MISUSED;
  }
  const { lines, latin1 } = decodeLines(bytes);
  const parsed = lines.map((line, index) => parseLogLine(line, index + 1));
  const room = normalizeRoomName(options.room ?? roomOfLog(basename(path), parsed));
  if (!room.ok) {
    output.note(room.error.message);
    return MISUSED;
  }
  if (latin1.length > 0) output.note(`Not UTF-8, taken for Latin-1: line ${latin1.join(', ')}`);
  const fileHash = createHash('sha256').update(bytes).digest('hex');
  // The run's number is known once the cluster is; until then only accounts are entered.
  const clusterId = await reach(servers, timeoutMs);
  if (clusterId === undefined) {
    output.note(`No server is reached at ${servers.join(', ')}; is one running there?`);
    return NOT_REACHED;
  }
  const progress = new ImportProgress(stateFolder, fileHash, clusterId, room.value, again);
  const importName = `${fileHash}/${clusterId}/${progress.run}/rooms`;
  if (spread && !progress.spread) progress.add({ spread });
  const spreading = { spread, wasSpread: progress.spread };
  const speakers = new ImportSpeakers({ servers, password, importName, ...spreading });
  try {
    if (nameKey(progress.room) !== nameKey(room.value)) {
      const goOn = `go on with --room ${progress.room}, or say --again to import it once more`;
      output.note(`This log was begun to be imported into ${progress.room}; ${goOn}.`);
      return MISUSED;
    }
    const plan = planImport(parsed, progress.room);
    await speakers.connect(timeoutMs);
    return await perform(plan, progress, speakers, output);
  } finally {
    await speakers.close();
    progress.close();
  }
}

/** Decodes each line for itself: one stray byte must not spoil the others. `latin1` names lines that are not UTF-8. */
export function decodeLines(bytes: Buffer): { lines: string[]; latin1: number[] } {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const lines: string[] = [];
  const latin1: number[] = [];
  for (let start = 0; start < bytes.length; ) {
    const feed = bytes.indexOf(0x0a, start);
    const end = feed === -1 ? bytes.length : feed;
    const line = bytes.subarray(start, end > start && bytes[end - 1] === 0x0d ? end - 1 : end);
    try {
      lines.push(utf8.decode(line));
    } catch {
      lines.push(line.toString('latin1'));
      latin1.push(lines.length);
    }
    start = end + 1;
  }
  return { lines, latin1 };
}

async function reach(servers: readonly Address[], timeoutMs: number): Promise<string | undefined> {
  const scout = new ImportSpeakers({ servers, password: '', importName: '' });
  try {
    return await scout.connect(timeoutMs);
  } finally {
    await scout.close();
  }
}

async function perform(
  plan: ImportPlan,
  progress: ImportProgress,
  speakers: ImportSpeakers,
  output: Output,
): Promise<number> {
  for (const { nick, username } of plan.mapped) output.note(`${nick} cannot be a username; it becomes ${username}.`);
  const accounts = plan.accounts.filter((username) => !progress.accounts.has(username));
  const accountBar = new ProgressBar('accounts', accounts.length, output);
  for (const username of accounts) {
    const entered = await speakers.enter(username);
    if (!entered.ok) return refuse(output, `The account ${username} cannot be used`, entered.error);
    progress.add({ account: username });
    accountBar.advance();
  }
  const before = progress.done.size;
  const outcome = await sendAll(plan, progress, speakers, output);
  if (outcome.stopped) return refuse(output, 'The import stopped', outcome.stopped);
  output.line(`Sent: ${outcome.sent}${before > 0 ? ` (and ${before} in earlier runs)` : ''}`);
  for (const [kind, count] of plan.skipped) output.line(`Skipped, ${kind}: ${count}`);
  for (const [code, count] of outcome.refused) output.line(`Refused, ${code}: ${count}`);
  output.line(`Room: ${progress.room}, members: ${progress.members.size}`);
  output.line(`Accounts: ${plan.accounts.length}, of these under another name: ${plan.mapped.length}`);
  return outcome.refused.size === 0 ? DONE : REFUSED;
}

interface Outcome {
  sent: number;
  refused: Map<string, number>;
  stopped: ChatError | undefined;
}

async function sendAll(
  plan: ImportPlan,
  progress: ImportProgress,
  speakers: ImportSpeakers,
  output: Output,
): Promise<Outcome> {
  const waiting = plan.messages.filter(({ line }) => !progress.done.has(line));
  const bar = new ProgressBar('messages', waiting.length, output);
  const outcome: Outcome = { sent: 0, refused: new Map(), stopped: undefined };
  const inFlight = new Set<Promise<void>>();
  const conversations = new Map<string, { from: string; inFlight: Set<Promise<void>> }>();
  for (const message of waiting) {
    while (inFlight.size >= REQUESTS_IN_FLIGHT) await Promise.race(inFlight);
    const key = conversationOf(message);
    const conversation = conversations.get(key) ?? { from: message.from, inFlight: new Set() };
    conversations.set(key, conversation);
    // What one sender sends takes effect in its order; what two send, in any.
    if (conversation.from !== message.from) await Promise.all(conversation.inFlight);
    conversation.from = message.from;
    const refused = await joinFor(message, progress, speakers);
    const sending = refused ?? (await speakers.send(message));
    if ('code' in sending) {
      outcome.stopped = sending;
      break;
    }
    const settled = sending.answer.then((result) => {
      inFlight.delete(settled);
      conversation.inFlight.delete(settled);
      if (result.ok) outcome.sent += 1;
      else outcome.refused.set(result.error.code, (outcome.refused.get(result.error.code) ?? 0) + 1);
      progress.add({ done: message.line });
      bar.advance();
    });
    inFlight.add(settled);
    conversation.inFlight.add(settled);
  }
  await Promise.all(inFlight);
  return outcome;
}

/** Whoever is to speak in the room for the first time joins it. */
async function joinFor(
  message: PlannedMessage,
  progress: ImportProgress,
  speakers: ImportSpeakers,
): Promise<ChatError | undefined> {
  if (message.enters === undefined || progress.members.has(message.from)) return undefined;
  const refused = await speakers.join(message, progress.members.size === 0);
  if (!refused) progress.add({ member: message.from });
  return refused;
}

function conversationOf({ from, to }: PlannedMessage): string {
  return to.startsWith('#') ? to : [nameKey(from), nameKey(to)].sort().join(' ');
}

function refuse(output: Output, what: string, error: ChatError): number {
  output.note(`${what}: ${error.message}`);
  return REFUSED;
}
