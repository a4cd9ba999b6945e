import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { DrilledServers, type ServerPlace } from '../../server/commands/drill-servers.ts';
import { waitFor } from '../../server/commands/drill-wait.ts';
import type { Random } from '../../shared/random.ts';

/** The servers of a run: what is done to them is counted, and noted in the run's folder beside their own output. */
export class Keeper extends DrilledServers {
  /** `kill -9` that hit a process. */
  kills = 0;
  readonly #folder: string;
  readonly #printedBefore = new Map<number, number>();

  constructor(folder: string, places: readonly ServerPlace[]) {
    super(places);
    this.#folder = folder;
  }

  override start(index: number): void {
    if (this.all[index]!.process) return;
    this.#printedBefore.set(index, this.output(index).length);
    this.note(`${this.all[index]!.address} start`);
    super.start(index);
  }

  override async kill(index: number): Promise<void> {
    if (!this.all[index]!.process) return;
    this.kills += 1;
    this.note(`${this.all[index]!.address} kill -9`);
    await super.kill(index);
  }

  override pause(index: number): void {
    super.pause(index);
    if (this.all[index]!.isPaused) this.note(`${this.all[index]!.address} SIGSTOP`);
  }

  override resume(index: number): boolean {
    const isResumed = super.resume(index);
    if (isResumed) this.note(`${this.all[index]!.address} SIGCONT`);
    return isResumed;
  }

  /** SIGTERM; a server that has not yet begun may simply end. */
  override async terminate(index: number): Promise<void> {
    const server = this.all[index]!;
    const { process: child, ended } = server;
    if (!child || !ended || server.isAsked) return;
    this.resume(index);
    server.isAsked = true;
    const hasBegun = await this.#hasBegun(index);
    if (server.process !== child) return;
    this.note(`${server.address} SIGTERM`);
    child.kill('SIGTERM');
    this.judgeEnd(server, await ended, hasBegun);
  }

  /** Whether it has said what part it plays, so that it surely listens for signals. */
  async #hasBegun(index: number): Promise<boolean> {
    const printed = this.output(index).slice(this.#printedBefore.get(index) ?? 0);
    return /(Primary|Backup|Spare|Joining|Waiting|Witness) /.test(printed) && (await this.status(index)) !== undefined;
  }

  /** Resolves when nobody listens there any more, though the process may go on, or the time is over. @returns whether it is so */
  async expectSilence(index: number, withinMs: number): Promise<boolean> {
    const isSilent = await waitFor(async () => (await this.status(index)) === undefined, withinMs);
    if (isSilent) this.note(`${this.all[index]!.address} takes no part any more`);
    return isSilent;
  }

  /** The primary's index; when none says so, that of the first server. */
  async leader(): Promise<number> {
    return (await this.primary()) ?? 0;
  }

  /** Some other server that holds data. */
  backupOf(leader: number, random: Random): number {
    const { length } = this.replicas;
    return (leader + random.between(1, length)) % length;
  }

  /** Adds a line to the run's account of what was done when, in the form of the servers' own output. */
  note(what: string): void {
    appendFileSync(join(this.#folder, 'chaos.log'), `${new Date().toISOString().slice(11, 23)} ${what}\n`);
  }
}
