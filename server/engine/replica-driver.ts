import type { Address } from '../../shared/ids.ts';
import { PAUSE_MS, PEER_PROTOCOL } from '../../shared/limits.ts';
import type { LogEntry } from '../../shared/operations.ts';

import type { Incarnation, ViewFile } from '../../shared/views.ts';
import { wasEverComplete } from '../replication/admission.ts';
import { isServing } from '../replication/lease.ts';
import type { HandedOver, Hello, Input, Output } from '../replication/messages.ts';

import { step } from '../replication/replica.ts';
import { type Context, heardOf, type ReplicaConfig, type ReplicaState, selfOf } from '../replication/replica-state.ts';
import type { ReplicaStorage, StorageFailure } from '../storage/replica-storage.ts';
import { LogReplies } from './log-replies.ts';
import type { Clock, PeerTransport } from './ports.ts';

/** A clock difference beyond which the machine must have slept: above the clocks' coarseness, below the lease's margin. */
const SLEPT_MS = 40;

export interface DriverParts {
  config: ReplicaConfig;
  storage: ReplicaStorage;
  transport: PeerTransport;
  clock: Clock;
  /** A sentence for the operator. */
  log(text: string): void;
  /**
   * R26: rows of the log that had been whole are damaged, and whoever asked for them gets nothing. Whether to go on all the same;
   * without it, that ends the replica, so that the next start repairs them.
   */
  bearsDamage?(failure: StorageFailure): boolean;
}

/** What the driver tells the engine, each time after everything before it has been carried out. */
export interface DriverEvents {
  onCommit(entries: readonly LogEntry[]): void;
  onReadConfirmed(checkId: number): void;
  /** A message that is no business of the core. */
  onHandedOver(from: Incarnation, message: HandedOver): void;
  /** Our connection to that server was made anew, or has ended. */
  onLink(address: Address, isUp: boolean): void;
  /** Everything appended so far is durable here. */
  onDurable(): void;
  /** Something may have changed, and nothing is half done: time to look. */
  onSettled(): void;
  /** This replica must not go on, and does not; `failure` is there when the disk is the reason. */
  onFatal(text: string, failure?: StorageFailure, isWrongUse?: boolean): void;
  /** R1: this incarnation has ended; its files are to be set aside, and another disk joins in its place. */
  onStartOver(text: string): void;
}

/**
 * Gives the pure core its inputs one at a time and performs its outputs in order: the one place where a decision meets
 * the disk, the network and the clock. Outputs that must be durable first are waited for, and no input is given meanwhile.
 */
export class ReplicaDriver {
  readonly state: ReplicaState;
  /** Addresses where a connect was refused at least once. */
  readonly refused = new Set<Address>();
  readonly #parts: DriverParts;
  readonly #events: DriverEvents;
  readonly #logReplies: LogReplies;
  readonly #inbox: Input[] = [];
  #writtenFile: ViewFile;
  #isWriting = false;
  #isPerforming = false;
  #isChanged = false;
  #isStopped = false;
  #lastNotice = '';
  #lastTickMs: number;
  #clockDifferenceMs: number;
  #stopTicking = () => {};

  constructor(state: ReplicaState, parts: DriverParts, events: DriverEvents) {
    const { clock, storage, transport } = parts;
    this.state = state;
    this.#parts = parts;
    this.#events = events;
    this.#logReplies = new LogReplies(storage, transport, parts.config.logPieceLength, () => this.#isStopped);
    this.#writtenFile = state.file;
    this.#lastTickMs = clock.monotonicMs();
    this.#clockDifferenceMs = clock.uptimeMs() - clock.monotonicMs();
  }

  /** R1: writes the new incarnation down, then meets the others. Resolves when that is done, or has failed. */
  start(): Promise<void> {
    const { storage, transport, clock, config } = this.#parts;
    return new Promise((resolve) => {
      storage.writeViewFile(this.state.file, (failure) => {
        if (failure) this.#fail(failure);
        else {
          transport.start(
            (input) => this.give(input),
            () => this.#hello(),
          );
          for (const address of this.state.known) if (address !== this.state.file.id) transport.dial(address);
          this.#stopTicking = clock.every(config.tickMs, () => this.#tick());
        }
        resolve();
      });
    });
  }

  get nowMs(): number {
    return this.#parts.clock.monotonicMs();
  }

  /** For questions about the state; whoever asks changes nothing. */
  get context(): Context {
    return { state: this.state, config: this.#parts.config, nowMs: this.nowMs, outputs: [] };
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Everything that the core has decided so far has been carried out. */
  get isSettled(): boolean {
    return !this.#isWriting && !this.#isPerforming && this.#inbox.length === 0;
  }

  /** Sends what is no business of the core. Lost without a link. */
  send(to: Address, message: HandedOver): void {
    if (!this.#isStopped) this.#parts.transport.send(to, message);
  }

  give(input: Input): void {
    if (this.#isStopped) return;
    if (input.type === 'refused') this.refused.add(input.address);
    this.#inbox.push(input);
    this.#drain();
  }

  /** Has {@link DriverEvents.onSettled} called, at once or when nothing is half done any more. */
  lookAgain(): void {
    this.#isChanged = true;
    this.#drain();
  }

  /** The disk failed beside what the core asked of it. */
  fail(failure: StorageFailure): void {
    this.#fail(failure);
  }

  /** Rows of the log could not be read. */
  readFailed(failure: StorageFailure): void {
    if (this.#isStopped || (failure.damaged && this.#parts.bearsDamage?.(failure))) return;
    this.#fail(failure);
  }

  /** From now on nothing is acknowledged, sent or written. */
  stop(): void {
    this.#isStopped = true;
    this.#stopTicking();
  }

  /**
   * A3: the clocks are compared before every step, since a read, a proof of death, or another's word of one leans on
   * leases; the machine may have slept since the last tick, and while the input waited for the disk.
   */
  #nextInput(): Input {
    const { clock } = this.#parts;
    const difference = clock.uptimeMs() - clock.monotonicMs();
    if (Math.abs(difference - this.#clockDifferenceMs) <= SLEPT_MS) return this.#inbox.shift()!;
    this.#clockDifferenceMs = difference;
    return { type: 'paused', sleptUnnoticed: true };
  }

  #tick(): void {
    const { nowMs } = this;
    if (nowMs - this.#lastTickMs > PAUSE_MS) this.give({ type: 'paused', sleptUnnoticed: false });
    this.#lastTickMs = nowMs;
    this.#isChanged = true;
    this.give({ type: 'tick' });
  }

  #drain(): void {
    // What a listener asks for while outputs are being performed comes after them.
    if (this.#isPerforming) return;
    while (!this.#isWriting && !this.#isStopped && this.#inbox.length > 0) {
      const input = this.#nextInput();
      this.#perform(step(this.state, this.#parts.config, input, this.nowMs), 0);
      if (input.type === 'link-up') this.#events.onLink(input.peer.self.id, true);
      else if (input.type === 'link-down') this.#events.onLink(input.address, false);
    }
    if (!this.#isChanged || !this.isSettled || this.#isStopped) return;
    this.#isChanged = false;
    this.#events.onSettled();
  }

  #perform(outputs: readonly Output[], from: number): void {
    this.#isPerforming = true;
    for (let index = from; index < outputs.length && !this.#isStopped; index++) {
      const output = outputs[index]!;
      if (this.#writes(output, () => this.#perform(outputs, index + 1))) break;
      this.#performOne(output);
    }
    this.#isPerforming = false;
  }

  /** Outputs that everything after them waits for. */
  #writes(output: Output, next: () => void): boolean {
    const { storage } = this.#parts;
    const done = (failure?: StorageFailure) => {
      this.#isWriting = false;
      if (failure) return this.#fail(failure);
      if (output.type === 'write-view-file') this.#writtenFile = output.file;
      next();
      this.#drain();
    };
    switch (output.type) {
      case 'write-view-file':
        this.#isWriting = true;
        storage.writeViewFile(output.file, done);
        return true;
      case 'write-session-key':
        this.#isWriting = true;
        storage.writeSessionKey(output.key, done);
        return true;
      case 'cut-log':
        this.#isWriting = true;
        this.#parts.log(`Operations after ${output.afterOp} are set aside: ${output.reason}.`);
        storage.cutAfter(output.afterOp, output.reason, done);
        return true;
      default:
        return false;
    }
  }

  #performOne(output: Output): void {
    const { transport, log } = this.#parts;
    switch (output.type) {
      case 'append':
        this.#append(output.entries);
        break;
      case 'send':
        transport.send(output.to, output.message);
        break;
      case 'send-log-from-storage':
        this.#logReplies.answer(output, (failure) => this.readFailed(failure));
        break;
      case 'commit':
        this.#events.onCommit(output.entries);
        break;
      case 'dial':
        transport.dial(output.address);
        break;
      case 'dial-again':
        transport.dialAgain(output.address);
        break;
      case 'read-confirmed':
        this.#events.onReadConfirmed(output.checkId);
        break;
      case 'hand-over':
        this.#events.onHandedOver(output.from, output.message);
        break;
      case 'changed':
        this.#isChanged = true;
        break;
      case 'notice':
        // What goes on is said once.
        if (output.text !== this.#lastNotice) log(output.text);
        this.#lastNotice = output.text;
        break;
      case 'refuse-to-run':
        this.#end(output.text, undefined, output.isWrongUse);
        break;
      case 'start-over':
        this.stop();
        this.#events.onStartOver(output.text);
        break;
    }
  }

  #append(entries: readonly LogEntry[]): void {
    const last = entries[entries.length - 1]!;
    this.#parts.storage.append(entries, (failure) => {
      if (failure) return this.#fail(failure);
      this.give({ type: 'appended', op: last.op, chain: last.chain });
      this.#events.onDurable();
    });
  }

  #hello(): Hello {
    const { log } = this.state;
    // Never what is about to be written: a crash may still undo it, and whoever hears of a view takes it for installed.
    const { clusterId, promised, base, pending } = this.#writtenFile;
    return {
      protocol: PEER_PROTOCOL,
      role: this.#parts.config.role,
      clusterId,
      complete: wasEverComplete(this.state),
      replicationFactor: this.#parts.config.replicationFactor,
      trustRefused: this.#parts.config.trustRefused,
      self: selfOf(this.state),
      nonce: this.#parts.config.nonce,
      promised,
      base,
      pending,
      last: log.end,
      serves: isServing(this.context),
      known: heardOf(this.state),
    };
  }

  /** R19: a failed write is never tried again, because what the disk holds now is unknown. */
  #fail(failure: StorageFailure): void {
    this.#end(failure.message, failure);
  }

  #end(text: string, failure?: StorageFailure, isWrongUse = false): void {
    if (this.#isStopped) return;
    this.stop();
    this.#events.onFatal(text, failure, isWrongUse);
  }
}
