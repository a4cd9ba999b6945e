import { OpLog } from '../../server/replication/op-log.ts';
import { isPrimary, type ReplicaState } from '../../server/replication/replica-state.ts';
import { compareViews, sameView } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { incarnationKey } from '../../shared/views.ts';

/** A copy that `step` may change. What is never changed in place (records, lives, entries, messages) is shared. */
export function cloneState(state: ReplicaState): ReplicaState {
  const copy = { ...state } as Record<string, unknown>;
  for (const [key, value] of Object.entries(state)) {
    if (value instanceof Map) copy[key] = new Map(value);
    else if (value instanceof Set) copy[key] = new Set(value);
    else if (Array.isArray(value)) copy[key] = [...value];
  }
  copy.log = cloneLog(state.log);
  copy.lastPromise = state.lastPromise && { ...state.lastPromise };
  copy.copy = state.copy && { ...state.copy };
  copy.learners = new Map([...state.learners].map(([id, learner]) => [id, { ...learner }]));
  copy.readChecks = state.readChecks.map((check) => ({ ...check, waitingFor: new Set(check.waitingFor) }));
  copy.candidacy = state.candidacy && cloneParts(state.candidacy);
  return copy as unknown as ReplicaState;
}

function cloneParts<T extends object>(value: T): T {
  const copy = { ...value } as Record<string, unknown>;
  for (const [key, part] of Object.entries(value)) {
    if (part instanceof Map) copy[key] = new Map(part);
    else if (part instanceof Set) copy[key] = new Set(part);
  }
  return copy as T;
}

function cloneLog(log: OpLog): OpLog {
  const copy = new OpLog();
  copy.append(entriesOf(log));
  copy.durableOp = log.durableOp;
  return copy;
}

/** All entries; explored logs are short and keep everything in memory. */
export function entriesOf(log: OpLog): LogEntry[] {
  return log.endOp === 0 ? [] : log.slice(1, log.endOp, Number.MAX_SAFE_INTEGER);
}

/**
 * One text for all states that behave alike. Left out is what cannot matter any more: what only a primary uses,
 * elsewhere (it is cleared when a view is installed); promises that the code itself drops before it looks at them, or
 * can no longer repeat; rounds below the one promised; leases of the dead outside of the base; and of a link, what its
 * hello said besides who it is.
 */
export function canonicalState(state: ReplicaState): string {
  const { file, log, links, lastPromise, highestRound, leaseUntilMs, candidacy, copy } = state;
  const known = new Set([
    'file',
    'known',
    'log',
    'links',
    'promisedLists',
    'lastPromise',
    'highestRound',
    'leaseUntilMs',
  ]);
  const parts = [
    `${log.end.chain}/${log.endOp}/${log.durableOp}`,
    [...links.values()]
      .map(({ self }) => incarnationKey(self))
      .sort()
      .join(),
    canonical(state.promisedLists.filter(({ number }) => !file.base || compareViews(number, file.base.number) > 0)),
    lastPromise && isRepeatable(state) ? `${lastPromise.candidate} ${canonical(lastPromise.message)}` : '',
    String(Math.max(highestRound, file.promised.round)),
    [...leaseUntilMs]
      .filter(([key]) => mayMatter(state, key))
      .map(([key, untilMs]) => `${key} ${untilMs}`)
      .sort()
      .join(),
    candidacy ? partsOf(candidacy) : '',
    copy ? partsOf(copy) : '',
  ];
  for (const key of ['candidacy', 'copy', ...(isPrimary(state) ? [] : PRIMARY_ONLY)]) known.add(key);
  for (const [key, value] of Object.entries(state)) if (!known.has(key)) parts.push(`${key}:${partsOf(value)}`);
  return parts.join('\n');
}

const PRIMARY_ONLY = ['acknowledged', 'sent', 'resentAtMs', 'readChecks'];

function isRepeatable({ file, lastPromise }: ReplicaState): boolean {
  const { number, baseNumber } = lastPromise!.message;
  return file.base !== null && sameView(number, file.promised) && sameView(baseNumber, file.base.number);
}

function mayMatter({ file, dead }: ReplicaState, key: string): boolean {
  return !dead.has(key) || (file.base?.members.some((member) => incarnationKey(member) === key) ?? false);
}

/** As {@link canonical}, of a value that is changed in place. */
function partsOf(value: unknown): string {
  if (value === null || typeof value !== 'object') return String(value);
  if (value instanceof Map)
    return `{${[...value]
      .map(([key, one]) => `${key}=${partsOf(one)}`)
      .sort()
      .join()}}`;
  if (value instanceof Set || Array.isArray(value)) return canonical(value);
  return `(${Object.entries(value)
    .map(([key, one]) => `${key}:${canonical(one)}`)
    .join()})`;
}

/** A text of any value of the core: maps and sets in the order of their keys, entries of the log by their chain. */
export function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return String(value);
  if (value instanceof Map)
    return `{${[...value]
      .map(([key, one]) => `${key}=${canonical(one)}`)
      .sort()
      .join()}}`;
  if (value instanceof Set) return `{${[...value].map(canonical).sort().join()}}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text =
    'chain' in value && 'row' in value
      ? `#${(value as LogEntry).op}/${(value as LogEntry).chain}`
      : `(${Object.entries(value)
          .map(([key, one]) => `${key}:${canonical(one)}`)
          .join()})`;
  texts.set(value, text);
  return text;
}

/** Of objects that are never changed. */
const texts = new WeakMap<object, string>();
