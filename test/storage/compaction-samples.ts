import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeEntryCodec } from '../../server/storage/csv.ts';
import type {
  CompactionPlan,
  CompactionReport,
  ReplicaStorage,
  StorageFailure,
} from '../../server/storage/replica-storage.ts';
import { shortenEntry } from '../../server/storage/shorten-row.ts';
import { type EntryDraft, GENESIS_CHAIN, type LogEntry, type Remains } from '../../shared/operations.ts';
import { ADDRESS, draft, NONCE, TIME } from './samples.ts';

/** What must be found nowhere when it was removed. */
export const SECRET = 'sesame, "open"';
/** What is left of the body of an account. */
export const PART = '{"username":"ana","nameKey":"ana"}';

const NOBODY = { client: '', request: 0, asked: '', id: '', account: '', subject: '', body: '' } as const;

/** The end of what is compacted. */
export const COMPACT: EntryDraft = { ...NOBODY, event: 'cluster:compact' };

/** Message `number`: its id tells the number, and its text the secret. */
export function message(number: number): EntryDraft {
  return draft({ id: idOf(number), request: number, body: `${SECRET} ${number}\nsecond line, é` });
}

export function idOf(number: number): string {
  return number.toString(16).padStart(32, '0');
}

/** An account whose body has a name, which may stay, and a secret. */
export function account(number: number): EntryDraft {
  const body = `{"username":"ana","nameKey":"ana","passwordHash":"${SECRET.replaceAll('"', '')}"}`;
  return draft({ event: 'account:create', id: '', account: '', subject: '', request: number, body });
}

/** Another text for message `number`, with the secret in it. */
export function editOf(number: number): EntryDraft {
  return draft({ event: 'message:edit', id: '', subject: idOf(number), body: `${SECRET} edited ${number}` });
}

/** Entries that follow `before`. */
export function sealed(
  before: LogEntry | undefined,
  drafts: readonly EntryDraft[],
  view = `0/1/${ADDRESS}`,
): LogEntry[] {
  const place = { firstOp: (before?.op ?? 0) + 1, previousChain: before?.chain ?? GENESIS_CHAIN };
  return makeEntryCodec().seal(drafts, { ...place, view, time: TIME }, () => NONCE);
}

/** What compaction leaves of some entries. */
export function shorter(entries: readonly LogEntry[], remains: ReadonlyMap<number, Remains>): LogEntry[] {
  return entries.map((entry) => {
    const one = remains.get(entry.op) ?? 'all';
    return one === 'all' || entry.body === '' ? entry : shortenEntry(entry, one === 'part' ? PART : '');
  });
}

export interface Planned {
  upTo: number;
  remains?: ReadonlyMap<number, Remains>;
  deleted?: readonly string[];
  /** Messages by id, with the op of the latest edit of each. */
  edited?: ReadonlyMap<string, number>;
  /** Documents by key, with the op of the latest change of each; others are there as they ever were. */
  documents?: ReadonlyMap<string, number>;
  isOver?: () => boolean;
  hasRemovals?: CompactionPlan['hasRemovals'];
}

export function planOf({
  upTo,
  remains = new Map(),
  deleted = [],
  edited,
  documents,
  isOver,
  hasRemovals,
}: Planned): CompactionPlan {
  return {
    upTo,
    remainsOf: (op) => remains.get(op) ?? 'all',
    partOf: () => PART,
    hasRemovals: hasRemovals ?? (() => true),
    isDeletedMessage: (id) => deleted.includes(id),
    isEditedSince: (id, op) => (edited?.get(id) ?? 0) > op,
    isDocumentChangedSince: (key, op) => (documents?.get(key) ?? 0) > op,
    isOver: isOver ?? (() => false),
  };
}

export interface Ended {
  report: CompactionReport | undefined;
  failure: StorageFailure | undefined;
}

export function compact(storage: ReplicaStorage, planned: Planned): Promise<Ended> {
  return new Promise((resolve) => storage.compact(planOf(planned), (report, failure) => resolve({ report, failure })));
}

/** The names and contents of all files in a folder, but for those whose names the pattern fits. */
export async function contentsOf(folder: string, but = /^(lock|reserve)/): Promise<Map<string, string>> {
  const contents = new Map<string, string>();
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const one of found.filter((file) => file.isFile() && !but.test(file.name))) {
    const path = join(one.parentPath, one.name);
    contents.set(path.slice(folder.length + 1), await readFile(path, 'utf8'));
  }
  return new Map([...contents].sort());
}

/** The names of the files in which a text stands. */
export async function filesWith(folder: string, text: string): Promise<string[]> {
  const written = text.replaceAll('"', '""');
  return [...(await contentsOf(folder))]
    .filter(([, content]) => content.includes(text) || content.includes(written))
    .map(([name]) => name);
}
