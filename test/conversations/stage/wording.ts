import type { LogPosition, PeerMessage } from '../../../server/replication/messages.ts';
import { type Address, parseView, type ViewNumber } from '../../../shared/ids.ts';
import type { LogEntry } from '../../../shared/operations.ts';
import type { Incarnation, ViewRecord, Witness } from '../../../shared/views.ts';

/** `a:1` is A. */
export function nameOf(address: Address | ''): string {
  return address.slice(0, address.indexOf(':')).toUpperCase();
}

/** A is the first life of A, A2 the second one. */
export function lifeOf({ id, incarnation }: Incarnation): string {
  return incarnation === 1 ? nameOf(id) : `${nameOf(id)}${incarnation}`;
}

/** `3A`: round 3, asked for by A; an epoch is told once there is one. */
export function numberText({ epoch, round, candidate }: ViewNumber): string {
  return `${epoch === 0 ? '' : `${epoch}/`}${round}${nameOf(candidate as Address)}`;
}

/** `3A [A B C]`, and `3A [A B C; V W]` with witnesses */
export function viewText({ number, members, witnesses }: ViewRecord): string {
  return `${numberText(number)} ${membersText(members, witnesses)}`;
}

function membersText(members: readonly Incarnation[], witnesses: readonly Witness[] = []): string {
  const voters = witnesses.length > 0 ? `; ${witnesses.map(({ id }) => nameOf(id)).join(' ')}` : '';
  return `[${members.map(lifeOf).join(' ')}${voters}]`;
}

/** More are told by their numbers only. */
const NAMED_ENTRIES = 4;

/** `operation 5 (message 1)` */
export function operationsText(entries: readonly LogEntry[]): string {
  const [first, last] = [entries[0], entries[entries.length - 1]];
  if (!first || !last) return 'nothing';
  const place = first === last ? `operation ${first.op}` : `operations ${first.op}..${last.op}`;
  return entries.length > NAMED_ENTRIES ? place : `${place} (${entries.map(entryText).join(', ')})`;
}

function entryText({ event, subject, request }: LogEntry): string {
  const view = event === 'cluster:view' ? parseView(subject) : undefined;
  if (view) return `view ${numberText(view)}`;
  if (event === 'cluster:complete') return 'cluster complete';
  return request > 0 ? `message ${request}` : event;
}

/** The rule whose act a message is. */
const RULES: { readonly [type: string]: string } = {
  ping: 'R6',
  pong: 'R6',
  gossip: 'R13',
  prepare: 'R3',
  'prepare-ok': 'R3',
  commit: 'R4',
  'start-view-change': 'R7',
  promise: 'R8',
  refuse: 'R8',
  'start-view': 'R9',
  'view-ok': 'R10',
  installed: 'R11',
  'join-me': 'R14',
  'read-check': 'R17',
  'read-ok': 'R17',
  farewell: 'R23',
  relay: 'R28',
  relayed: 'R28',
};

/** Of the two that ask for entries, one copies before a proposal or an acceptance and one follows. */
export function ruleOf(message: PeerMessage, lastAsked: string | undefined): string {
  if (message.type === 'fetch-log') return 'R10';
  if (message.type === 'log-chunk') return lastAsked === 'join-me' ? 'R14' : 'R10';
  return RULES[message.type] ?? '';
}

/** What a message says, in so far as it matters to a reader. */
export function detailsOf(message: PeerMessage): string {
  switch (message.type) {
    case 'ping':
    case 'pong':
      return `view ${numberText(message.base)}`;
    case 'gossip':
      return message.base ? `base ${viewText(message.base)}` : 'no view yet';
    case 'prepare':
      return `view ${numberText(message.view)}, ${operationsText(message.entries)}, commit ${message.commit}`;
    case 'prepare-ok':
      return `view ${numberText(message.view)}, up to ${message.op}${message.resend ? ', something is missing' : ''}`;
    case 'commit':
      return `view ${numberText(message.view)}, commit ${message.commit}${message.end > message.commit ? ` of ${message.end}` : ''}`;
    case 'start-view-change':
    case 'promise':
    case 'refuse':
      return `${message.probe ? 'probe, ' : ''}${votingText(message)}`;
    case 'start-view':
      return `${viewText(message.record)} over ${message.record.over.map(numberText).join(' and ')}, ${endText(message.end)}`;
    case 'view-ok':
      return numberText(message.number);
    case 'installed':
      return viewText(message.record);
    case 'fetch-log':
    case 'join-me':
      return `what follows ${message.fromOp}`;
    case 'log-chunk':
      return message.mismatch ? 'another entry there' : `${operationsText(message.entries)}, commit ${message.commit}`;
    case 'read-check':
    case 'read-ok':
      return `view ${numberText(message.view)}, check ${message.checkId}`;
    default:
      return '';
  }
}

function endText(end: LogPosition): string {
  return end.op > 0 ? `log up to ${end.op}` : 'no log';
}

function votingText(message: PeerMessage & { type: 'start-view-change' | 'promise' | 'refuse' }): string {
  const number = numberText(message.number);
  switch (message.type) {
    case 'start-view-change': {
      const dead = message.provenDead.length > 0 ? `, dead: ${message.provenDead.map(lifeOf).join(' ')}` : '';
      return `${number} ${membersText(message.members)} after ${numberText(message.base.number)}${dead}`;
    }
    case 'promise': {
      const pending = message.pending.length > 0 ? `, pending ${message.pending.map(viewText).join(' and ')}` : '';
      const clean = message.cleanDead.length > 0 ? `, died clean: ${message.cleanDead.map(lifeOf).join(' ')}` : '';
      return `${number}, ${endText(message.last)}${pending}${clean}`;
    }
    case 'refuse':
      return `${number}, ${refusalText(message)}`;
  }
}

function refusalText({ reason, promised, base, waitMs }: PeerMessage & { type: 'refuse' }): string {
  switch (reason) {
    case 'lease':
      return `a lease binds for ${waitMs} ms`;
    case 'promised':
      return `promised ${numberText(promised)}`;
    case 'stale-base':
      return `base is ${base ? viewText(base) : 'none'}`;
    case 'primary-heard':
      return `hears the primary, for ${waitMs} ms more`;
    default:
      return reason;
  }
}
