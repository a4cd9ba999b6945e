import type { Output, PeerMessage } from '../../server/replication/messages.ts';
import { startView } from '../../server/replication/normal-operation.ts';
import { step } from '../../server/replication/replica.ts';
import type { Context, ReplicaState } from '../../server/replication/replica-state.ts';
import type { LogEntry } from '../../shared/operations.ts';
import type { ViewFile } from '../../shared/views.ts';
import { makeDue, makeJoinDue, NOW_MS, standStill, waitsForGrant } from './abstract-time.ts';
import { brokenFile, type Effect, isAtOnce, isSuppressed, noteOf, stepOfViewChange, toldTooEarly } from './effects.ts';
import type { Inputs, ServerInput } from './inputs.ts';
import { rankOf } from './names.ts';
import type { Server, Servers } from './servers.ts';

/** A place inside a step where the process may end: what it did until then is done, the rest is not. */
export interface CrashPoint {
  readonly afterEffects: number;
  readonly afterNotes: number;
  readonly server: Server;
}

export interface StepResult {
  readonly server: Server;
  readonly effects: readonly Effect[];
  /** Before each write, if something was done before it; and where appended rows are lost, all else done. */
  readonly crashPoints: readonly CrashPoint[];
  /** For people. */
  readonly notes: readonly string[];
  /** The tick was stopped by a grant that binds (R6c). */
  readonly waitsForGrant: boolean;
}

/** Inputs that the core itself handles. */
type CoreInput = Exclude<ServerInput, { type: 'crash' | 'restart' | 'end-grants' | 'end-leases' }>;

export interface Surroundings {
  readonly servers: Servers;
  readonly inputs: Inputs;
  /** Appended rows become durable by a move of their own, not at once. */
  readonly slowDisks: boolean;
}

/** One step under way: its outputs are performed one after the other, as the engine does. */
export class Performance {
  readonly #surroundings: Surroundings;
  readonly #before: Server;
  readonly #state: ReplicaState;
  readonly #effects: Effect[] = [];
  readonly #crashPoints: CrashPoint[] = [];
  readonly #notes: string[] = [];
  #file: ViewFile;
  #entries: readonly LogEntry[];
  #unsynced: LogEntry[] = [];

  constructor(surroundings: Surroundings, before: Server, state: ReplicaState) {
    this.#surroundings = surroundings;
    this.#before = before;
    this.#state = state;
    this.#file = before.file;
    this.#entries = before.entries;
    const { log } = state;
    if (log.endOp > this.#entries.length)
      this.#unsynced = log.slice(this.#entries.length + 1, log.endOp, Number.MAX_SAFE_INTEGER);
  }

  of(input: CoreInput): StepResult {
    const config = this.#surroundings.servers.configOf(this.#before.self);
    let isWaiting = false;
    try {
      if (input.type === 'sync') this.#sync();
      else {
        this.#perform(this.#first(input));
        isWaiting = input.type === 'ask' && waitsForGrant(this.#state);
        if (!this.#surroundings.slowDisks) while (this.#unsynced.length > 0) this.#sync();
      }
    } catch (problem) {
      this.#effects.push({
        type: 'broken',
        rule: `an assertion fails: ${problem instanceof Error ? problem.message : problem}`,
      });
    }
    standStill(this.#state, config.retryMs);
    if (this.#state.commit > this.#state.log.endOp) {
      this.#effects.push({ type: 'broken', rule: 'I4: it sets aside what it has committed' });
    }
    if (this.#file !== this.#state.file && !this.#effects.some(({ type }) => type === 'broken')) {
      this.#effects.push({ type: 'broken', rule: 'what it believes of views is not what it wrote' });
    }
    const server = this.#surroundings.servers.intern({
      running: this.#state,
      file: this.#file,
      entries: this.#entries,
    });
    return {
      server,
      effects: this.#effects,
      crashPoints: this.#crashPoints,
      notes: this.#notes,
      waitsForGrant: isWaiting,
    };
  }

  #first(input: Exclude<CoreInput, { type: 'sync' }>): Output[] {
    const state = this.#state;
    const config = this.#surroundings.servers.configOf(this.#before.self);
    if (input.type === 'begin') {
      const context: Context = { state, config, nowMs: NOW_MS, outputs: [] };
      startView(context, state.file.base!, 0);
      return context.outputs;
    }
    if (input.type === 'core') return step(state, config, input.input, NOW_MS);
    if (input.type === 'follow') makeJoinDue(state);
    const outputs: Output[] = [];
    if (input.type === 'ask') {
      makeDue(state, input.silent, input.attempt);
      if (state.candidacy) {
        // The attempt that is given up is one of its own; then some time passes.
        outputs.push(...step(state, config, { type: 'tick' }, NOW_MS));
        if (state.candidacy) return outputs;
        makeDue(state, input.silent, input.attempt);
      }
    }
    return [...outputs, ...step(state, config, { type: 'tick' }, NOW_MS)];
  }

  /** What is being written becomes durable, and the core is told. */
  #sync(): void {
    const last = this.#unsynced[this.#unsynced.length - 1];
    if (!last) return;
    this.#mayCrashHere();
    this.#entries = [...this.#entries, ...this.#unsynced];
    this.#unsynced = [];
    const config = this.#surroundings.servers.configOf(this.#before.self);
    this.#perform(step(this.#state, config, { type: 'appended', op: last.op, chain: last.chain }, NOW_MS));
  }

  #mayCrashHere(): void {
    if (this.#effects.length === 0 && this.#file === this.#before.file && this.#entries === this.#before.entries)
      return;
    const server = this.#surroundings.servers.intern({ running: null, file: this.#file, entries: this.#entries });
    this.#crashPoints.push({ afterEffects: this.#effects.length, afterNotes: this.#notes.length, server });
  }

  #perform(outputs: readonly Output[]): void {
    for (const output of outputs) {
      const note = noteOf(output, this.#file, this.#before);
      if (output.type === 'write-view-file' || output.type === 'cut-log') this.#mayCrashHere();
      if (note !== '' && !this.#notes.includes(note)) this.#notes.push(note);
      switch (output.type) {
        case 'write-view-file':
          this.#write(output.file);
          break;
        case 'cut-log':
          this.#entries = this.#entries.filter(({ op }) => op <= output.afterOp);
          this.#unsynced = this.#unsynced.filter(({ op }) => op <= output.afterOp);
          break;
        case 'append':
          this.#unsynced.push(...output.entries);
          break;
        case 'send':
          this.#send(output.to, output.message);
          break;
        case 'commit':
          this.#commit(output.entries);
          break;
        case 'refuse-to-run':
        case 'start-over':
          this.#effects.push({ type: 'broken', rule: `R1: it is to end for good: ${output.text}` });
          break;
      }
    }
  }

  #write(file: ViewFile): void {
    const before = this.#file;
    this.#file = file;
    const broken = brokenFile(before, file);
    if (broken !== '') this.#effects.push({ type: 'broken', rule: broken });
    const what = stepOfViewChange(this.#before, before, file);
    if (what === 'begun') this.#effects.push({ type: 'begun' });
    if (what !== 'installed') return;
    const chains = [...this.#entries, ...this.#unsynced].map(({ chain }) => chain);
    this.#effects.push({ type: 'installed', record: file.base!, chains });
  }

  #commit(entries: readonly LogEntry[]): void {
    const { base } = this.#file;
    if (!base) return;
    this.#effects.push({
      type: 'committed',
      fromOp: entries[0]!.op,
      chains: entries.map(({ chain }) => chain),
      view: rankOf(base.number),
      byPrimary: base.members[0]!.id === this.#before.self.id,
    });
  }

  #send(to: string, message: PeerMessage): void {
    const early = toldTooEarly(message, { file: this.#file, entries: this.#entries });
    if (early !== '') this.#effects.push({ type: 'broken', rule: early });
    if (message.type === 'pong') this.#effects.push({ type: 'granted', to });
    if (message.type === 'refuse') this.#effects.push({ type: 'refused', reason: message.reason });
    if (isSuppressed(message)) return;
    const link = [...this.#state.links.values()].find(({ self }) => self.id === to);
    if (!link) return;
    const mail = this.#surroundings.inputs.mail(this.#before.self, link.self, message);
    if (message.type === 'start-view' && !this.#effects.some(({ type }) => type === 'proposed')) {
      this.#effects.push({ type: 'proposed', record: message.record });
    }
    this.#effects.push({ type: isAtOnce(message) ? 'send-at-once' : 'send', mail });
  }
}
