import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { mkdir, open, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Message } from '../shared/api.ts';
import type { Address, ClientId } from '../shared/ids.ts';
import { nameKey } from '../shared/names.ts';
import { newLockName, releaseFolder, takeFolder } from './folder-lock.ts';
import { readOrEmpty, replaceFile, syncFolder } from './line-file.ts';
import { Outbox } from './outbox.ts';
import type { ClientStore, ReadMark, StoredCluster, StoredMessage, StoredSession, ToldEvent } from './store.ts';
import { ToldLog } from './told-log.ts';

const CLIENT_FOLDER = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whose folder it is: the content of `session.json`. */
interface Owner {
  servers: string;
  spread?: true;
  session?: StoredSession;
  cluster?: StoredCluster;
}

export interface FolderStoreOptions {
  /** Where the folders of all clients are; see {@link defaultStateFolder}. */
  stateFolder: string;
  servers: readonly Address[];
  /** The account it is wanted for; without one any will do, with `null` none may be logged in. */
  username?: string | null;
}

/** `$XDG_STATE_HOME/understudy`, or `~/.local/state/understudy`. */
export function defaultStateFolder(): string {
  const base = process.env.XDG_STATE_HOME;
  return join(base ? base : join(homedir(), '.local', 'state'), 'understudy');
}

/**
 * Opens a folder that no other process uses: one of the same servers and account, one with a filled outbox first, or a
 * new one.
 *
 * @throws Error with a sentence for people when the state folder cannot be used
 */
export async function openFolderStore(options: FolderStoreOptions): Promise<ClientStore> {
  const { stateFolder, servers } = options;
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  const serversKey = [...servers].sort().join(',');
  for (const folder of await candidates(options, serversKey)) {
    const lock = await takeFolder(folder);
    if (lock === undefined) continue;
    // Its last user may have changed it while this process looked.
    if (rank(folder, serversKey, options.username) > 0) return new FolderStore(folder, lock, serversKey);
    await releaseFolder(folder, lock);
  }
  const folder = join(stateFolder, randomUUID());
  await mkdir(folder, { mode: 0o700 });
  const lock = newLockName();
  await (await open(join(folder, lock), 'wx', 0o600)).close();
  syncFolder(folder);
  syncFolder(stateFolder);
  return new FolderStore(folder, lock, serversKey);
}

async function candidates({ stateFolder, username }: FolderStoreOptions, serversKey: string): Promise<string[]> {
  const names = (await readdir(stateFolder)).filter((name) => CLIENT_FOLDER.test(name));
  const ranked = names.flatMap((name) => {
    const folder = join(stateFolder, name);
    const value = rank(folder, serversKey, username);
    return value > 0 ? [{ folder, value, usedAtMs: usedAt(folder) }] : [];
  });
  ranked.sort((a, b) => b.value - a.value || b.usedAtMs - a.usedAtMs);
  return ranked.map(({ folder }) => folder);
}

/** How well a folder suits: 0 not at all, 3 best. */
function rank(folder: string, serversKey: string, username: string | null | undefined): number {
  const owner = readOwner(folder);
  if (owner?.servers !== serversKey) return 0;
  const waiting = waitingFrom(folder);
  const name = owner.session?.username;
  const same = (other: string): boolean =>
    username === undefined || (username !== null && nameKey(other) === nameKey(username));
  if (waiting.some(same)) return 3;
  if (name !== undefined && same(name)) return 2;
  return name === undefined && waiting.length === 0 ? 1 : 0;
}

/** Who typed what is in the outbox of a folder, which another process may be using. */
function waitingFrom(folder: string): string[] {
  return Outbox.peek(join(folder, 'outbox.jsonl')).map((message) => message.from);
}

function usedAt(folder: string): number {
  const path = join(folder, 'outbox.jsonl');
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function readOwner(folder: string): Owner | undefined {
  try {
    return JSON.parse(readOrEmpty(join(folder, 'session.json'))) as Owner;
  } catch {
    return undefined;
  }
}

class FolderStore implements ClientStore {
  readonly #folder: string;
  readonly #lock: string;
  readonly #outbox: Outbox;
  readonly #log: ToldLog;
  #owner: Owner;
  #closed = false;

  constructor(folder: string, lock: string, servers: string) {
    this.#folder = folder;
    this.#lock = lock;
    this.#owner = readOwner(folder) ?? { servers };
    this.#outbox = new Outbox(join(folder, 'outbox.jsonl'), randomUUID() as string as ClientId);
    this.#log = new ToldLog(join(folder, 'messages.jsonl'));
    this.#saveOwner();
  }

  get clientId(): ClientId {
    return this.#outbox.clientId;
  }

  get known(): boolean {
    return this.#outbox.known;
  }

  get spread(): boolean {
    return this.#owner.spread === true;
  }

  get session(): StoredSession | undefined {
    return this.#owner.session;
  }

  get cluster(): StoredCluster | undefined {
    return this.#owner.cluster;
  }

  get outbox(): readonly StoredMessage[] {
    return this.#outbox.messages;
  }

  get told(): number | undefined {
    return this.#log.told;
  }

  get received(): number {
    return this.#log.received;
  }

  get readMarks(): readonly ReadMark[] {
    return this.#log.readMarks;
  }

  takeNumber(): number {
    return this.#outbox.takeNumber();
  }

  addToOutbox(message: StoredMessage): Promise<void> {
    return this.#outbox.add(message);
  }

  removeFromOutbox(request: number): void {
    this.#outbox.remove(request);
  }

  refuse(request: number, why: NonNullable<StoredMessage['refused']>): Promise<void> {
    return this.#outbox.refuse(request, why);
  }

  park(request: number): void {
    this.#outbox.park(request);
  }

  replaceOutbox(messages: readonly StoredMessage[]): void {
    this.#outbox.replace(messages);
  }

  renew(clientId: ClientId, messages: readonly StoredMessage[], numbered: number): void {
    this.#outbox.renew(clientId, messages, numbered);
  }

  markKnown(): void {
    this.#outbox.markKnown();
  }

  markSpread(): void {
    this.#owner = { ...this.#owner, spread: true };
    this.#saveOwner();
  }

  saveSession(session: StoredSession | undefined): void {
    const { session: _, ...rest } = this.#owner;
    this.#owner = session ? { ...rest, session } : rest;
    this.#saveOwner();
  }

  saveCluster(cluster: StoredCluster): void {
    this.#owner = { ...this.#owner, cluster };
    this.#saveOwner();
  }

  saveReceived(position: number): void {
    this.#log.add({ received: position });
  }

  saveReadMark(mark: ReadMark): void {
    this.#log.add({ read: mark });
  }

  forgetReadMark(conversation: string): void {
    this.#log.add({ readIsTold: conversation });
  }

  tell(event: ToldEvent): void {
    this.#log.add(event);
  }

  history(limit: number): Message[] {
    return this.#log.messages.slice(-limit);
  }

  forgetHistory(): void {
    this.#log.forget();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#log.close();
    await this.#outbox.close();
    await releaseFolder(this.#folder, this.#lock);
  }

  #saveOwner(): void {
    replaceFile(join(this.#folder, 'session.json'), `${JSON.stringify(this.#owner)}\n`);
  }
}
