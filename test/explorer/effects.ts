import type { Output, PeerMessage } from '../../server/replication/messages.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { sameIncarnation, type ViewFile, type ViewRecord } from '../../shared/views.ts';
import type { Mail } from './inputs.ts';
import { lifeText, listText, numberText, rankOf } from './names.ts';
import type { Server } from './servers.ts';

/** What one step of a server does to the world around it, in order. */
export type Effect =
  | { type: 'send'; mail: Mail }
  /** Part of this very move: delivered at once. */
  | { type: 'send-at-once'; mail: Mail }
  | { type: 'begun' }
  | { type: 'proposed'; record: ViewRecord }
  /** With the chain digests of the log with which the view starts. */
  | { type: 'installed'; record: ViewRecord; chains: readonly string[] }
  | { type: 'committed'; fromOp: number; chains: readonly string[]; view: number; byPrimary: boolean }
  | { type: 'refused'; reason: string }
  | { type: 'granted'; to: string }
  | { type: 'broken'; rule: string };

/**
 * Not sent in the explored world: pings and pongs are exchanged at once, what tells of installed views is a move, reads
 * are judged by leases, refusals and idle commit numbers only save time.
 */
const SUPPRESSED = new Set<PeerMessage['type']>([
  'ping',
  'pong',
  'gossip',
  'commit',
  'installed',
  'refuse',
  'read-check',
  'read-ok',
  'farewell',
]);
const AT_ONCE = new Set<PeerMessage['type']>(['fetch-log', 'log-chunk', 'join-me']);

export function isSuppressed(message: PeerMessage): boolean {
  return SUPPRESSED.has(message.type) && !('probe' in message && message.probe);
}

export function isAtOnce(message: PeerMessage): boolean {
  return AT_ONCE.has(message.type) || ('probe' in message && message.probe);
}

/** Section 4 of PROTOCOL.md, "What is performed durably before what": names what is told too early. */
export function toldTooEarly(message: PeerMessage, disk: { file: ViewFile; entries: readonly LogEntry[] }): string {
  const { promised, base, pending } = disk.file;
  const baseRank = base ? rankOf(base.number) : 0;
  switch (message.type) {
    case 'promise':
      return message.probe || rankOf(promised) >= rankOf(message.number)
        ? ''
        : 'R2: tells a promise that is not on its disk';
    case 'view-ok': {
      const isHeld = pending.some(({ number }) => rankOf(number) === rankOf(message.number));
      return isHeld || baseRank >= rankOf(message.number) ? '' : 'R10: says ok to a view that is not on its disk';
    }
    case 'installed':
      return baseRank >= rankOf(message.record.number) ? '' : 'R11: tells of a view that is not on its disk';
    case 'prepare':
      return baseRank === rankOf(message.view) ? '' : 'I8: sends operations in a view that is not its base';
    case 'ping':
    case 'pong':
      return baseRank === rankOf(message.base)
        ? ''
        : 'R12: grants or asks for a lease in a view that is not on its disk';
    case 'prepare-ok':
      if (baseRank !== rankOf(message.view) || rankOf(promised) !== baseRank) {
        return 'I8: acknowledges in a view that is not the one it promised last';
      }
      return disk.entries.length >= message.op ? '' : 'R3: acknowledges what is not on its disk';
    default:
      return '';
  }
}

/** I1: both rise only, and what is pending lies above the base. */
export function brokenFile(before: ViewFile, after: ViewFile): string {
  const baseRank = after.base ? rankOf(after.base.number) : 0;
  if (rankOf(after.promised) < rankOf(before.promised)) return 'I1: its promise falls';
  if (before.base && baseRank < rankOf(before.base.number)) return 'I1: its base falls';
  if (rankOf(after.promised) < baseRank) return 'I1: its promise is below its base';
  if (after.pending.some(({ number }) => rankOf(number) <= baseRank)) return 'I1: a pending view is not above its base';
  return '';
}

/** The step of a view change that a written view file stands for. */
export function stepOfViewChange(
  server: Server,
  before: ViewFile,
  after: ViewFile,
): 'begun' | 'installed' | 'learned' | 'promised' | 'accepted' | null {
  const { base, promised } = after;
  const isOwn = (candidate: string) => candidate === server.self.id;
  if (base && (!before.base || rankOf(base.number) > rankOf(before.base.number))) {
    const byThisLife = isOwn(base.number.candidate) && sameIncarnation(base.members[0]!, server.self);
    return byThisLife ? 'installed' : 'learned';
  }
  if (rankOf(promised) > rankOf(before.promised)) return isOwn(promised.candidate) ? 'begun' : 'promised';
  return after.pending.length > before.pending.length ? 'accepted' : null;
}

/** What an output says in a story; empty for what nobody needs to know. */
export function noteOf(output: Output, before: ViewFile, server: Server): string {
  switch (output.type) {
    case 'write-view-file': {
      const { base, promised, pending } = output.file;
      switch (stepOfViewChange(server, before, output.file)) {
        case 'begun':
          return `promises itself ${numberText(promised)}`;
        case 'installed':
          return `INSTALLS ${numberText(base!.number)} = ${listText(base!.members, base!.witnesses)}`;
        case 'learned':
          return `takes ${numberText(base!.number)} for installed`;
        case 'accepted':
          return `accepts ${numberText(pending[pending.length - 1]!.number)}`;
        default:
          return '';
      }
    }
    case 'cut-log':
      return `sets its log aside after operation ${output.afterOp}`;
    case 'append':
      return `appends ${output.entries.map(({ op, event }) => (event === 'cluster:view' ? `${op} (the view)` : op)).join(', ')}`;
    case 'commit':
      return `COMMITS ${output.entries.map(({ op }) => op).join(', ')} in ${numberText(before.base!.number)}`;
    case 'send':
      return noteOfMessage(output.message);
    case 'refuse-to-run':
    case 'start-over':
      return output.text;
    default:
      return '';
  }
}

function noteOfMessage(message: PeerMessage): string {
  switch (message.type) {
    case 'start-view-change':
      return message.probe ? '' : `asks for ${numberText(message.number)} = ${listText(message.members)}`;
    case 'promise':
      return message.probe ? '' : `promises ${numberText(message.number)}${cleanText(message.cleanDead.map(lifeText))}`;
    case 'refuse':
      return message.probe ? '' : `refuses ${numberText(message.number)} (${message.reason})`;
    case 'start-view':
      return `proposes ${numberText(message.record.number)} over ${message.record.over.map(numberText).join(', ')}`;
    default:
      return '';
  }
}

function cleanText(lives: readonly string[]): string {
  return lives.length === 0 ? '' : ` and tells that ${lives.join(' and ')} died clean`;
}
