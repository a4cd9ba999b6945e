import type { ReadEvent } from '../shared/api.ts';
import type { ClusterKnowledge } from './cluster-knowledge.ts';
import type { Connections } from './connections.ts';
import type { Link } from './link.ts';
import type { ReadPlace } from './reads.ts';

/** Longer than a server lets a read wait for the position that it has to have reached. */
export const BACKUP_PATIENCE_MS = 3000;
/** A backup that could not answer is asked nothing for so long. */
export const BACKUP_REST_MS = 1000;

/** What backups may be asked, when reads are spread: what is as good from a state that is a moment behind. */
const SPREAD: ReadonlySet<ReadEvent> = new Set<ReadEvent>([
  'message:history',
  'message:get',
  'message:search',
  'account:list',
  'account:settings',
  'conversation:list',
  'document:get',
  'room:list',
  'room:members',
]);

/** Says which socket a read goes over. */
export class ReadChoice {
  readonly #connections: Connections;
  readonly #knowledge: ClusterKnowledge;
  readonly #nowMs: () => number;
  readonly #spreads: boolean;
  /** Whose turn it is. */
  #turn: number;

  /** @param firstTurn any whole number; a different one for each client, so that they do not begin with the same backup */
  constructor(
    connections: Connections,
    knowledge: ClusterKnowledge,
    options: { nowMs: () => number; spreads: boolean; firstTurn: number },
  ) {
    this.#connections = connections;
    this.#knowledge = knowledge;
    this.#nowMs = options.nowMs;
    this.#spreads = options.spreads;
    this.#turn = options.firstTurn;
  }

  /** Who may answer what the user of the library reads. */
  placeOf(event: ReadEvent): ReadPlace {
    return this.#spreads && SPREAD.has(event) ? 'backup' : 'anyone';
  }

  /** @param token the log-in that the read stands on */
  linkFor(place: ReadPlace, token: string | undefined): { link: Link; isTarget: boolean } | undefined {
    const { target } = this.#connections;
    const backup = place === 'backup' ? this.#nextBackup(token) : undefined;
    if (backup) return { link: backup, isTarget: false };
    if (target || place === 'target') return target && { link: target, isTarget: true };
    const other = this.#connections.openLinks.find((link) => link.cluster && link.token === token);
    return other && { link: other, isTarget: false };
  }

  /**
   * The backups take turns. One that tells of an older view than is known is behind, or was left behind: it would answer late, or with
   * positions that mean something else since.
   */
  #nextBackup(token: string | undefined): Link | undefined {
    const { target, openLinks } = this.#connections;
    const { cluster } = this.#knowledge;
    const fit = openLinks.filter(
      (link) =>
        link !== target &&
        link.token === token &&
        link.ended === undefined &&
        link.cluster !== undefined &&
        link.cluster.primary !== null &&
        link.cluster.epoch === cluster?.epoch &&
        link.cluster.view === cluster.view &&
        link.readsFromMs <= this.#nowMs(),
    );
    if (fit.length === 0) return undefined;
    this.#turn = (this.#turn + 1) % fit.length;
    return fit[this.#turn];
  }
}
