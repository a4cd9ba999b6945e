import { createReplica } from '../../server/replication/replica.ts';
import { endGrants, endLeases, STARTED_MS, standStill } from './abstract-time.ts';
import { cloneState } from './clone.ts';
import type { Inputs, ServerInput } from './inputs.ts';
import { Performance, type StepResult, type Surroundings } from './performance.ts';
import type { Server, Servers } from './servers.ts';

/** The real `step`, over values: equal inputs at equal servers are computed once. */
export class Steps implements Surroundings {
  readonly servers: Servers;
  readonly inputs: Inputs;
  readonly slowDisks: boolean;
  computed = 0;

  constructor(servers: Servers, inputs: Inputs, slowDisks: boolean) {
    this.servers = servers;
    this.inputs = inputs;
    this.slowDisks = slowDisks;
  }

  of(server: Server, input: number): StepResult {
    const known = server.steps.get(input);
    if (known) return known;
    this.computed += 1;
    const result = this.#compute(server, this.inputs.all[input]!);
    server.steps.set(input, result);
    return result;
  }

  #compute(server: Server, input: ServerInput): StepResult {
    const { file, entries } = server;
    if (input.type === 'crash') return this.#only(this.servers.intern({ running: null, file, entries }));
    if (input.type === 'restart') return this.#restart(server, input.lostRows);
    const running = cloneState(server.running!);
    if (input.type === 'end-grants') {
      endGrants(running, input.to);
      return this.#only(this.servers.intern({ running, file, entries }));
    }
    if (input.type === 'end-leases') {
      endLeases(running, input.of);
      return this.#only(this.servers.intern({ running, file, entries }));
    }
    return new Performance(this, server, running).of(input);
  }

  #only(server: Server): StepResult {
    return { server, effects: [], crashPoints: [], notes: [], waitsForGrant: false };
  }

  /** R1: the incarnation is raised and written before anything else. */
  #restart({ file: old, entries: rows }: Server, lostRows: number): StepResult {
    const file = { ...old, incarnation: old.incarnation + 1 };
    const entries = rows.slice(0, rows.length - lostRows);
    const config = this.servers.configOf({ id: file.id, disk: file.disk, incarnation: file.incarnation });
    const recovered = { file, snapshot: null, entries, complete: true, sessionKey: 'key' };
    const running = createReplica(recovered, config, STARTED_MS);
    standStill(running, config.retryMs);
    return this.#only(this.servers.intern({ running, file: running.file, entries }));
  }
}
