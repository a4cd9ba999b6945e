import type { Address, DiskId, ViewNumber } from '../../shared/ids.ts';
import type { Incarnation, Witness } from '../../shared/views.ts';

const REPLICA_NAMES = ['A', 'B', 'C', 'D'] as const;
const WITNESS_NAMES = ['w1', 'w2', 'w3'] as const;

/** Who takes part, in the order of the first view; witnesses follow. */
export function serverNames(replicas: number, witnesses: number): string[] {
  return [...REPLICA_NAMES.slice(0, replicas), ...WITNESS_NAMES.slice(0, witnesses)];
}

export function isWitnessName(name: string): boolean {
  return name.startsWith('w');
}

export function addressOf(name: string): Address {
  return `${name.toLowerCase()}:1` as Address;
}

export function nameOf(address: string): string {
  const [host] = address.split(':');
  return host!.startsWith('w') ? host! : host!.toUpperCase();
}

export function diskOf(name: string): DiskId {
  return `disk-${name}` as DiskId;
}

export function lifeOf(name: string, incarnation: number): Incarnation {
  return { id: addressOf(name), disk: diskOf(name), incarnation };
}

/** `A` for the first life, `A2` for the second; a witness is one thing in all its lives. */
export function lifeText({ id, incarnation }: Incarnation): string {
  const name = nameOf(id);
  return incarnation === 1 || isWitnessName(name) ? name : `${name}${incarnation}`;
}

/** `2A`: round 2, candidate A. */
export function numberText({ round, candidate }: ViewNumber): string {
  return `${round}${candidate === '' ? '' : nameOf(candidate)}`;
}

export function listText(members: readonly Incarnation[], witnesses: readonly Witness[] = []): string {
  return `[${[...members.map(lifeText), ...witnesses.map(({ id }) => nameOf(id))].join(' ')}]`;
}

/** View numbers as integers in their order. */
export function rankOf({ epoch, round, candidate }: ViewNumber): number {
  return epoch * 1_000_000 + round * 1000 + (candidate === '' ? 0 : candidate.charCodeAt(0));
}
