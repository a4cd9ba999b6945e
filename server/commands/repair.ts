import type { Cluster, ServerStatus } from '../../shared/api.ts';
import { type ChatError, refusal } from '../../shared/errors.ts';
import type { Address } from '../../shared/ids.ts';
import { LOG_PIECE_LENGTH } from '../../shared/limits.ts';
import { realClock } from '../engine/real-clock.ts';
import { createHttpListener } from '../network/http.ts';
import type { FolderDatabase } from '../storage/database.ts';
import type { LogDamage } from '../storage/database-error.ts';
import { type LogRepair, range } from '../storage/log-repair.ts';
import type { OldDamage } from '../storage/old-damage.ts';
import { askRows } from './ask-rows.ts';
import { folderStatus, type LifeEnd, type LifeParts } from './life.ts';
import { Listener } from './listener.ts';
import { type LogRows, type OperatorAnswer, rowsAsked } from './operator.ts';
import { packageVersion } from './version.ts';

/** Between two times that the others are asked. */
const PAUSE_MS = 1000;
/** Rows that nothing depends on are waited for so long: others that were started at the same moment listen by then. */
const OLD_ROWS_WAIT_MS = 3000;

/** What one round of questions came to. */
interface Round {
  /** Whose rows were taken; undefined while rows are missing. */
  from: string | undefined;
  /** A primary that can do without this disk does not have the rows either, although it has everything that counts. */
  canDoWithout: boolean;
}

/**
 * R26: a server whose log is damaged. It takes no part in anything, as if it did not run, until the log is whole again; it
 * answers only those who ask for its status, or for rows that are whole here.
 */
export class RepairStage {
  readonly #parts: LifeParts;
  readonly #database: FolderDatabase;
  readonly #repair: LogRepair;
  /** Set when nothing depends on the damaged rows but whoever wants to read them. */
  readonly #oldDamage: OldDamage | undefined;
  readonly #listener: Listener;
  readonly #servers: readonly Address[];
  readonly #abort = new AbortController();
  readonly #said = new Set<string>();

  private constructor(parts: LifeParts, database: FolderDatabase, repair: LogRepair, servers: readonly Address[]) {
    const { address, options, log } = parts;
    this.#parts = parts;
    this.#database = database;
    this.#repair = repair;
    this.#oldDamage = repair.oldDamage(database.recovered.snapshot?.op ?? 0);
    this.#servers = servers;
    this.#listener = new Listener(address, {
      secret: options.secret,
      openRows: (rows, previousChain) => database.codec.open(rows, previousChain),
      log,
    });
    this.#serve();
  }

  /**
   * Reads what there is of the log, and listens if there is anybody to ask.
   *
   * @throws LogDamage when no other server is known and the rows are needed, ServerError when the port cannot be had
   */
  static async begin(parts: LifeParts, database: FolderDatabase, damage: LogDamage): Promise<RepairStage> {
    const servers = othersOf(parts, database);
    const stage = new RepairStage(parts, database, await database.repair(damage), servers);
    if (servers.length === 0) {
      if (!stage.#oldDamage) throw stage.#repair.damage;
      return stage;
    }
    await stage.#listener.listen();
    parts.log.error(
      `${stage.#repair.damage.what} ${parts.address} takes no part until that is repaired; it asks ${listOf(servers, 'and')} for the rows.`,
    );
    return stage;
  }

  #serve(): void {
    const { folder, address } = this.#parts;
    this.#listener.serveHttp(
      createHttpListener({ status: () => this.#status() }, undefined, () => folderStatus(folder)),
    );
    this.#listener.transport.serveOperator(async (ask): Promise<OperatorAnswer> => {
      const after = rowsAsked(ask);
      if (!after) return { refused: `${address} repairs its log and takes no part in the cluster until that is done.` };
      return { rows: await this.#repair.rowsAfter(after.op, LOG_PIECE_LENGTH), canDoWithout: false };
    });
    this.#listener.io.clients.use((_socket, next) => {
      const error = this.#refusal();
      next(Object.assign(new Error(error.message), { data: error }));
    });
  }

  /** Ends the waiting. */
  leave(): void {
    this.#abort.abort();
  }

  /** Asks until the log is whole, or a primary is there that makes it superfluous; for rows that nothing depends on, a few seconds. */
  async run(): Promise<LifeEnd> {
    const beganAtMs = realClock.monotonicMs();
    while (!this.#abort.signal.aborted) {
      const { from, canDoWithout } = await this.#askAll();
      if (from !== undefined) {
        const done = await this.#repair.finish(from);
        this.#parts.log(done);
        return { startAgain: done, when: 'at once' };
      }
      const hasWaited = this.#servers.length === 0 || realClock.monotonicMs() - beganAtMs >= OLD_ROWS_WAIT_MS;
      if (this.#oldDamage && hasWaited && !this.#abort.signal.aborted) {
        return { startAgain: this.#oldDamage.what, when: 'at once', damage: { left: this.#oldDamage } };
      }
      if (canDoWithout && !this.#oldDamage && !this.#abort.signal.aborted)
        return { startOver: this.#givenUp(), known: [...this.#servers] };
      this.#sayOnce(`${this.#parts.address} waits for ${this.#waitingFor()}.`);
      await this.#pause();
    }
    return { exitStatus: 0 };
  }

  /** Each server in turn is the first to be asked: what it sends may be no continuation of what another one sent. */
  async #askAll(): Promise<Round> {
    let canDoWithout = false;
    for (const first of this.#servers.keys()) {
      await this.#repair.startAgain();
      const round = await this.#fill([...this.#servers.slice(first), ...this.#servers.slice(0, first)]);
      if (round.from !== undefined) return round;
      canDoWithout ||= round.canDoWithout;
    }
    await this.#repair.startAgain();
    return { from: undefined, canDoWithout };
  }

  async #fill(servers: readonly Address[]): Promise<Round> {
    const from = new Set<Address>();
    let canDoWithout = false;
    for (let turn = 0, inVain = 0; this.#repair.missing && inVain < servers.length; ) {
      if (this.#abort.signal.aborted) return { from: undefined, canDoWithout: false };
      const server = servers[turn % servers.length]!;
      const answer = await this.#ask(server, this.#repair.missing.after);
      if (answer && answer.rows !== '' && (await this.#repair.take(answer.rows))) {
        from.add(server);
        inVain = 0;
      } else {
        // It has everything that was acknowledged, and not what stood here.
        canDoWithout ||= answer?.canDoWithout === true;
        inVain += 1;
        turn += 1;
      }
    }
    const isWhole = this.#repair.missing === undefined;
    return { from: isWhole ? listOf([...from], 'and') : undefined, canDoWithout };
  }

  async #ask(server: Address, after: { op: number; chain: string }): Promise<LogRows | undefined> {
    const asked = await askRows(server, this.#parts.options.secret, after, this.#database.disk);
    if ('rows' in asked) return asked;
    if (asked.problem !== '') this.#sayOnce(asked.problem);
    return undefined;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const over = () => {
        clearTimeout(timer);
        this.#abort.signal.removeEventListener('abort', over);
        resolve();
      };
      const timer = setTimeout(over, PAUSE_MS);
      this.#abort.signal.addEventListener('abort', over);
    });
  }

  #sayOnce(text: string): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.#parts.log.error(text);
  }

  /** In words: what, where it was, and from whom; or for a primary. */
  #waitingFor(): string {
    const { missing, file } = this.#repair;
    const servers = listOf(this.#servers, 'or');
    if (!missing) return `its log in ${file}, which is being repaired`;
    const { after, untilOp } = missing;
    const or = this.#oldDamage ? 'for a few seconds, and goes on without otherwise' : 'or for a primary, to join anew';
    if (untilOp !== undefined) {
      return `${range(after.op + 1, untilOp)} of its log, damaged in ${file}, from ${servers}; ${or}`;
    }
    return `what followed operation ${after.op} in its log, damaged in ${file}, from ${servers}; ${or}`;
  }

  #givenUp(): string {
    const { damage } = this.#repair;
    return `${damage.what} No server has the rows that stood there, and the primary has everything that was acknowledged.`;
  }

  #status(): ServerStatus {
    const { address, options } = this.#parts;
    const base = this.#database.recovered.viewFile?.base;
    const members = base?.members.map(({ id }) => id) ?? [];
    const cluster: Cluster = {
      id: this.#database.recovered.viewFile?.clusterId ?? '',
      epoch: base?.number.epoch ?? 0,
      view: base?.number.round ?? 0,
      primary: null,
      members,
      spares: [],
      witnesses: base?.witnesses.map(({ id }) => id) ?? [],
      known: [address, ...this.#servers],
      replicationFactor: options.replicationFactor,
    };
    return {
      address,
      role: 'waiting',
      epoch: cluster.epoch,
      view: cluster.view,
      primary: null,
      members,
      commit: 0,
      waitingFor: this.#waitingFor(),
      cluster,
      version: packageVersion(),
      durability: options.durability,
    };
  }

  #refusal(): ChatError {
    const { address } = this.#parts;
    return refusal(
      'unavailable',
      `${address} repairs its log and serves nobody until that is done; use another server.`,
    ).error;
  }

  async close(): Promise<void> {
    await this.#repair.close();
    await this.#listener.close(() => new Promise((resolve) => this.#database.storage.close(() => resolve())));
  }
}

/** Every other server that this one has a reason to ask, the members of its views first. */
function othersOf({ address, join }: LifeParts, { recovered }: FolderDatabase): Address[] {
  const { base, pending } = recovered.viewFile ?? { base: null, pending: [] };
  const members = [...(base ? [base] : []), ...pending].flatMap((view) => view.members.map(({ id }) => id));
  return [...new Set([...members, ...join])].filter((one) => one !== address);
}

function listOf(names: readonly string[], word: 'and' | 'or'): string {
  if (names.length < 3) return names.join(` ${word} `);
  return `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1)}`;
}
