import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../support/cluster.ts';

/** A port that was free may be the near end of somebody's connection for a moment. */
const PORT_BUSY = 'is in use by another program';
const START_AGAIN_MS = 100;

/** Starts, stops and ends the servers of a cluster, and notes every end that nobody asked for. */
export class Keeper {
  readonly cluster: Cluster;
  /** What servers did that they must not do, one sentence each. */
  readonly problems: string[] = [];
  readonly #asked = new Set<number>();
  readonly #paused = new Set<number>();
  readonly #printedBefore = new Map<number, number>();
  #isClosed = false;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** Starts a server that is down, and waits for nothing. */
  start(index: number): void {
    const server = this.cluster.servers[index]!;
    if (server.process || this.#isClosed) return;
    const printedBefore = this.cluster.output(index).length;
    this.#printedBefore.set(index, printedBefore);
    this.#note(index, 'start');
    this.cluster.launch(index);
    void server.ended!.then(({ status, signal }) => {
      if (this.#asked.delete(index)) return;
      const printed = this.cluster.output(index).slice(printedBefore);
      if (!printed.includes(PORT_BUSY)) {
        const last = printed.trimEnd().split('\n').slice(-3).join(' | ');
        this.problems.push(`${server.address} ended by itself (${signal ?? status}): ${last}`);
      }
      setTimeout(() => this.start(index), START_AGAIN_MS);
    });
  }

  async kill(index: number): Promise<void> {
    if (!this.cluster.servers[index]!.process) return;
    this.#asked.add(index);
    this.#paused.delete(index);
    this.#note(index, 'kill -9');
    await this.cluster.kill(index);
  }

  /** SIGTERM, which a server answers with status 0; one that has not yet begun may simply end. */
  async terminate(index: number): Promise<void> {
    const server = this.cluster.servers[index]!;
    const child = server.process;
    if (!child || this.#asked.has(index)) return;
    this.resume(index);
    this.#asked.add(index);
    const hasBegun = await this.#hasBegun(index);
    if (server.process !== child) return;
    this.#note(index, 'SIGTERM');
    const { status, signal } = await this.cluster.terminate(index);
    // While it stops, it may be killed as well.
    const isExpected = status === 0 || signal === 'SIGKILL' || (!hasBegun && signal === 'SIGTERM');
    if (!isExpected) this.problems.push(`${server.address} ended with ${signal ?? status} when it was asked to stop`);
  }

  /** Whether it has said what part it plays, so that it surely listens for signals. */
  async #hasBegun(index: number): Promise<boolean> {
    const printed = this.cluster.output(index).slice(this.#printedBefore.get(index) ?? 0);
    return /(Primary|Backup|Spare|Joining|Waiting) /.test(printed) && (await this.cluster.status(index)) !== undefined;
  }

  pause(index: number): void {
    if (!this.cluster.servers[index]!.process || this.#asked.has(index)) return;
    this.#paused.add(index);
    this.#note(index, 'SIGSTOP');
    this.cluster.pause(index);
  }

  resume(index: number): void {
    if (!this.#paused.delete(index)) return;
    this.#note(index, 'SIGCONT');
    this.cluster.resume(index);
  }

  /** Whether all servers run and are one view that serves. */
  async isWhole(): Promise<boolean> {
    const all = await Promise.all(this.cluster.servers.map(({ index }) => this.cluster.status(index)));
    const view = all[0]?.view;
    return all.every(
      (status) =>
        status !== undefined &&
        status.view === view &&
        status.members.length === all.length &&
        status.waitingFor === '' &&
        (status.role === 'primary' || status.role === 'backup'),
    );
  }

  /** The server that says it is the primary; the first one when none does. */
  async primary(): Promise<number> {
    const all = await Promise.all(this.cluster.servers.map(({ index }) => this.cluster.status(index)));
    return Math.max(
      0,
      all.findIndex((status) => status?.role === 'primary'),
    );
  }

  /** Writes into the data folder what was done to whom and when, in the form of the servers' own output. */
  #note(index: number, what: string): void {
    const time = new Date().toISOString().slice(11, 23);
    appendFileSync(join(this.cluster.folder, 'chaos.log'), `${time} ${this.cluster.addresses[index]} ${what}\n`);
  }

  /** No more starts. */
  close(): void {
    this.#isClosed = true;
    for (const { index } of this.cluster.up) this.#asked.add(index);
  }
}
