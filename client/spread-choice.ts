import type { Address } from '../shared/ids.ts';
import type { AddressTries } from './address-tries.ts';
import type { ClusterKnowledge } from './cluster-knowledge.ts';

/** A server that refused, fell silent or closed the connection is left alone for so long. */
export const FAILED_REST_MS = 2000;
/** So is one that never said that it serves: it may be of a version that does not do that for whoever is not at the primary. */
export const UNREADY_REST_MS = 30_000;
/** How long the wished server may take before requests go to the primary meanwhile. */
const PATIENCE_MS = 1000;

/**
 * The server that a client whose requests are spread goes to. Each client has its own order of the members, from a number of its own, so that
 * all of them together are spread evenly. It stays with a server for as long as that one serves, and then goes on to the next that does.
 */
export class SpreadChoice {
  readonly #number: number;
  readonly #restUntilMs = new Map<Address, number>();
  #wish: Address | undefined;
  #primaryFromMs = 0;

  /** @param number random, 32 bits; stays the same */
  constructor(number: number) {
    this.#number = number;
  }

  /** Undefined while no server is fit: requests go to the primary then. */
  get wish(): Address | undefined {
    return this.#wish;
  }

  /** From then on requests go to the primary until the wished server is there, milliseconds since 1970. */
  get primaryFromMs(): number {
    return this.#primaryFromMs;
  }

  /** When servers that were left alone may be wished again. */
  get restsEndMs(): number[] {
    return [...this.#restUntilMs.values()];
  }

  /** Looks whether the wish still stands, and for another one if it does not. */
  update(knowledge: ClusterKnowledge, tries: AddressTries, nowMs: number): void {
    for (const [address, untilMs] of this.#restUntilMs) if (untilMs <= nowMs) this.#restUntilMs.delete(address);
    const { members = [] } = knowledge.cluster ?? {};
    if (this.#wish !== undefined && members.includes(this.#wish) && !this.#restUntilMs.has(this.#wish)) return;
    const before = this.#wish;
    const ranked = (members as Address[])
      .map((address) => ({ address, rank: rankOf(this.#number, address) }))
      .sort((one, other) => one.rank - other.rank || (one.address < other.address ? -1 : 1));
    const isFit = (address: Address): boolean => !this.#restUntilMs.has(address) && tries.isDue(address);
    this.#wish = ranked.find(({ address }) => isFit(address))?.address;
    if (this.#wish !== before) this.#primaryFromMs = nowMs + PATIENCE_MS;
  }

  /** It is not to be wished for a while. */
  rest(address: Address, untilMs: number): void {
    this.#restUntilMs.set(address, Math.max(untilMs, this.#restUntilMs.get(address) ?? 0));
  }
}

/** The place of a server in a client's order: when servers come or go, the order of the others stays. */
function rankOf(number: number, address: Address): number {
  let hash = number | 0;
  for (let index = 0; index < address.length; index++) {
    hash = Math.imul(hash ^ address.charCodeAt(index), 16777619);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return (hash ^ (hash >>> 15)) >>> 0;
}
