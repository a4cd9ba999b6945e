import type { PeerMessage } from '../../server/replication/messages.ts';
import { type Address, formatView, type ViewNumber } from '../../shared/ids.ts';
import type { Incarnation, ViewFile, ViewRecord } from '../../shared/views.ts';

/** Of a message between servers, what a reader of a story wants to know; heartbeats by their name alone. */
export function wordsOf(to: Address, message: PeerMessage): string {
  return `sends ${to} ${message.type} ${detailsOf(message)}`.trimEnd();
}

function detailsOf(message: PeerMessage): string {
  switch (message.type) {
    case 'prepare':
      return `in ${numberOf(message.view)}: operations ${message.firstOp} to ${message.firstOp + message.entries.length - 1}`;
    case 'prepare-ok':
      return `in ${numberOf(message.view)}: up to ${message.op}${message.resend ? ', something is missing' : ''}`;
    case 'start-view-change':
      return `${message.probe ? '(probe) ' : ''}${numberOf(message.number)} ${listOf(message.members)} after ${viewOf(message.base)}`;
    case 'promise':
      return `${message.probe ? '(probe) ' : ''}${numberOf(message.number)}, pending ${viewsOf(message.pending)}, died clean ${listOf(message.cleanDead)}, log up to ${message.last.op}`;
    case 'refuse':
      return `${message.probe ? '(probe) ' : ''}${numberOf(message.number)}: ${message.reason}`;
    case 'start-view':
      return `${viewOf(message.record)}, log up to ${message.end.op}`;
    case 'view-ok':
      return numberOf(message.number);
    case 'installed':
      return viewOf(message.record);
    case 'fetch-log':
    case 'join-me':
      return `from ${message.fromOp}`;
    case 'log-chunk':
      return message.mismatch ? 'another entry there' : `${message.entries.length} after ${message.fromOp}`;
    case 'read-check':
    case 'read-ok':
      return `${message.checkId} in ${numberOf(message.view)}`;
    case 'relay':
      return `session ${message.session}: requests ${message.requests.map(({ request }) => request).join(' ') || 'none'} after ${message.first}, read ${message.read}`;
    case 'relayed':
      return `session ${message.session}${message.isOver ? ', which is over' : ''}: read ${message.read} at ${message.position}, refuses ${message.refusals.map(({ request, error }) => `${request} (${error.code})`).join(' ') || 'none'}`;
    default:
      return '';
  }
}

/** What became durable. */
export function wordsOfViewFile({ promised, base, pending }: ViewFile): string {
  return `writes: promised ${numberOf(promised)}, base ${base ? viewOf(base) : 'none'}, pending ${viewsOf(pending)}`;
}

function numberOf(number: ViewNumber): string {
  return formatView(number).replace(/^0\//, '').replace(/:\d+$/, '');
}

function viewOf(view: ViewRecord): string {
  return `${numberOf(view.number)} ${listOf(view.members)}`;
}

function viewsOf(views: readonly ViewRecord[]): string {
  return views.length === 0 ? 'none' : views.map(viewOf).join(', ');
}

function listOf(members: readonly Incarnation[]): string {
  return `[${members.map(({ id, incarnation }) => `${id.slice(0, id.indexOf(':'))}#${incarnation}`).join(' ')}]`;
}
