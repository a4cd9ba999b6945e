import type { ChatEvent, ConnectionState } from './chat-types.ts';
import type { Clock } from './clock.ts';
import type { ClusterKnowledge } from './cluster-knowledge.ts';
import type { Connections } from './connections.ts';

/** Puts into words where the connection stands, and says so when that changes. */
export class ConnectionReport {
  readonly #clock: Clock;
  readonly #knowledge: ClusterKnowledge;
  readonly #emit: (event: ChatEvent) => void;
  #state: ConnectionState = { phase: 'closed' };
  #shown = '';
  #sinceMs = 0;
  /** The server it was connected to last, and when that was last known to be so. */
  #last: { server: string; atMs: number } | undefined;

  constructor(clock: Clock, knowledge: ClusterKnowledge, emit: (event: ChatEvent) => void) {
    this.#clock = clock;
    this.#knowledge = knowledge;
    this.#emit = emit;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  close(): void {
    this.#publish({ phase: 'closed' });
  }

  update(connections: Connections): void {
    const next = this.#describe(connections);
    const before = this.#state;
    if (next.phase === 'connected') {
      const last = this.#last;
      const changed = before.phase !== 'connected' || before.server !== next.server;
      const lostAtMs = before.phase === 'connected' ? this.#clock.now() : (last?.atMs ?? 0);
      this.#last = { server: next.server, atMs: this.#clock.now() };
      this.#publish(next);
      if (last && changed && !(connections.movedByChoice && before.phase === 'connected')) {
        const silenceMs = this.#clock.now() - lostAtMs;
        this.#emit({ type: 'moved', from: last.server, to: next.server, silenceMs });
      }
      return;
    }
    this.#publish(next);
  }

  #describe(connections: Connections): ConnectionState {
    const { target } = connections;
    const { cluster } = this.#knowledge;
    if (target && cluster) {
      this.#sinceMs = 0;
      return { phase: 'connected', server: connections.targetName ?? target.address, cluster };
    }
    if (this.#sinceMs === 0) {
      this.#sinceMs = this.#clock.now();
      if (this.#last && this.#state.phase === 'connected') this.#last.atMs = this.#sinceMs;
    }
    const sinceMs = this.#sinceMs;
    const reached = connections.openLinks.map((link) => link.address);
    if (reached.length > 0) {
      const waiting = { phase: 'waiting', sinceMs, reached, reason: this.#waitingReason(reached) } as const;
      return cluster ? { ...waiting, cluster } : waiting;
    }
    const tried = [...connections.tried];
    const names = tried.map(([address]) => address);
    if (tried.length === 0 || tried.some(([, { failures }]) => failures === 0)) {
      return { phase: 'connecting', sinceMs, tried: names };
    }
    const reasons = new Set(tried.map(([address, { reason }]) => `${address}: ${reason}`));
    return { phase: 'offline', sinceMs, tried: names, reason: `No server is reached (${[...reasons].join('; ')}).` };
  }

  #waitingReason(reached: readonly string[]): string {
    const { primary, cluster } = this.#knowledge;
    const where = reached.join(' and ');
    if (!cluster) return `${where} answered, but belongs to no cluster yet.`;
    if (primary === null) return `${where} answered, but there is no primary at the moment.`;
    return `${where} answered, but the primary ${primary} is not reached.`;
  }

  #publish(state: ConnectionState): void {
    const shown = JSON.stringify(state);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#state = state;
    this.#emit({ type: 'connection', state });
  }
}
