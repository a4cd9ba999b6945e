import type { Forced } from '../../server/engine/operator.ts';
import { isServing } from '../../server/replication/lease.ts';
import { compareViews, parseView } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { Violation } from './checkers.ts';
import type { Histories } from './histories.ts';
import type { Life } from './life.ts';
import type { SimulatedServer } from './simulated-server.ts';
import type { World } from './world.ts';

export interface OperatorOptions {
  readonly world: World;
  readonly histories: Histories;
  readonly servers: readonly SimulatedServer[];
  /** An operator was answered: with the forced view, or why there is none. */
  onAnswered(server: SimulatedServer, isForced: boolean): void;
}

/** The operator who forces a server to go on alone (R20): once in a run, so that each epoch has one history. */
export class Operator {
  readonly #options: OperatorOptions;
  /** Of the server that has not answered yet. */
  #asked: Life | null = null;

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  /** Whether another view may be forced in this run. */
  get mayForce(): boolean {
    const isWaiting = this.#asked !== null && !this.#asked.isOver;
    return !isWaiting && !this.#options.histories.isForced;
  }

  /** A view was forced. */
  get isDone(): boolean {
    return this.#options.histories.isForced;
  }

  /** Has a server go on alone, if it agrees; whether that is wise is the operator's affair. */
  force(server: SimulatedServer): void {
    this.#ask(server, () => {});
  }

  /** As {@link force}, while everybody who runs is within reach: only whoever has most may agree, and nobody while others serve. */
  forceInPeace(server: SimulatedServer): void {
    const { base } = server.disk.file;
    const last = server.disk.entries.at(-1);
    const others = this.#options.servers.filter((one) => one !== server && isSettled(one)).map(standingOf);
    this.#ask(server, () => {
      for (const other of others) {
        const fail = (why: string) => {
          throw new Violation(`R20: ${server.address} goes on alone, although ${other.id} ${why}`);
        };
        if (other.serves) fail('serves');
        const order = other.base ? compareViews(other.base.number, base!.number) : -1;
        if (order > 0) fail('knows of a later view');
        if (order === 0 && isAhead(other.last, last)) fail('has a longer log');
      }
    });
  }

  #ask(server: SimulatedServer, onForced: () => void): void {
    const { life, engine } = server;
    if (!this.mayForce || !server.isAwake || !engine) return;
    this.#asked = life;
    life.world.trace(`an operator forces ${server.address}`);
    life.world.isTouched = true;
    engine.force('session key of an operator').then(
      (answer: Forced | string) => {
        if (life.isOver) return;
        this.#asked = null;
        const isForced = typeof answer !== 'string';
        life.world.trace(isForced ? `${server.address} goes on alone` : `not forced: ${answer}`);
        this.#options.onAnswered(server, isForced);
        if (isForced) this.#judge(onForced);
      },
      (error: Error) => life.world.fail(error),
    );
  }

  #judge(judge: () => void): void {
    try {
      judge();
    } catch (error) {
      this.#options.world.fail(error as Error);
    }
  }
}

/** By then everybody who is within reach has told the others how it stands. */
const TOLD_TIMEOUTS = 3;

/** A replica that has stood as it does for so long that all others know it. */
function isSettled({ role, isAwake, context }: SimulatedServer): boolean {
  if (role !== 'replica' || !isAwake || !context) return false;
  const { state, config, nowMs } = context;
  return nowMs - Math.max(state.installedAtMs, state.startedAtMs) > TOLD_TIMEOUTS * config.heartbeatTimeoutMs;
}

function standingOf({ disk, context }: SimulatedServer) {
  const { id, base } = disk.file;
  return { id, base, last: disk.entries.at(-1), serves: isServing(context!) };
}

/** By the view of the last entry first. */
function isAhead(one: LogEntry | undefined, other: LogEntry | undefined): boolean {
  if (!one || !other) return one !== undefined;
  const order = compareViews(parseView(one.view)!, parseView(other.view)!);
  return order > 0 || (order === 0 && one.op > other.op);
}
