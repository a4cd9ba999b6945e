import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkDatabase } from '../../server/storage/check-database.ts';
import { openRows } from '../../server/storage/csv.ts';
import { GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import { type Random, seededRandom } from '../../shared/random.ts';
import { COMPACT, compact, message, type Planned, sealed, shorter } from './compaction-samples.ts';
import {
  ADDRESS,
  append,
  openScanned,
  readEntries,
  readRows,
  settled,
  snapshotAt,
  temporaryFolder,
  viewFile,
} from './samples.ts';

const OPTIONS = { segmentOperations: 6 };
const STEPS = 60;

/** Everything at any time, nothing waited for before the next is asked for; what is found is compared with what was written. */
class Run {
  readonly #random: Random;
  readonly #folder: string;
  #database: Awaited<ReturnType<typeof openScanned>> | undefined;
  /** As they were appended. */
  #all: LogEntry[] = [];
  /** All that ever were, by their chains. */
  readonly #written = new Map<string, LogEntry>();
  #number = 0;
  /** The last mark up to which is compacted: nothing before it is cut off. */
  #upTo = 0;
  #copies = 0;
  #snapshotOp = 0;
  readonly #remains: Map<number, 'nothing'> = new Map();
  #pending: Promise<unknown>[] = [];
  readonly #cutting: Promise<unknown>[] = [];
  compactions = 0;

  constructor(seed: number, folder: string) {
    this.#random = seededRandom(`compaction ${seed}`);
    this.#folder = folder;
  }

  async start(): Promise<void> {
    this.#database = await openScanned(this.#folder, OPTIONS);
    expect(this.#database.entries.map(({ chain }) => chain)).toEqual(this.#all.map(({ chain }) => chain));
    await settled((done) => this.#database!.storage.writeViewFile(viewFile(1), done));
    await this.#compact();
  }

  async end(): Promise<void> {
    await Promise.all(this.#pending);
    this.#pending = [];
    await this.#database!.close();
  }

  #plan(): Planned {
    for (let op = 1; op < this.#upTo; op++) if (this.#random.chance(0.2)) this.#remains.set(op, 'nothing');
    const mark = this.#upTo;
    return { upTo: mark, remains: new Map(this.#remains), isOver: () => this.#upTo !== mark };
  }

  async step(): Promise<void> {
    const { storage, makeCopy, verify } = this.#database!;
    const steps: (() => Promise<unknown>)[] = [
      () => this.#append(this.#random.between(1, 9)),
      () => this.#append(this.#random.between(1, 9)),
      () => this.#cut(),
      () => this.#read(),
      () => this.#readRows(),
      async () => {
        // Of an operation that nothing that was asked for before takes away.
        for (let count = -1; count !== this.#cutting.length; await Promise.all(this.#cutting))
          count = this.#cutting.length;
        await settled((done) => storage.writeSnapshot(this.#snapshot(), done));
      },
      async () => {
        const name = `copy-${this.#copies++}`;
        const ask = { name, address: ADDRESS, clusterId: 'c', onSize: () => {} };
        // Only what is never cut off is copied.
        await makeCopy(this.#upTo, ask, () => {});
        const { damages, lastOp } = await checkDatabase(`${this.#folder}-${name}`);
        // The tables of these snapshots are made up.
        expect(damages.filter(({ what }) => !/\.csv, line/.test(what))).toEqual([]);
        expect(lastOp).toBeGreaterThan(0);
      },
      () => this.#compact(),
      () => this.#compact(),
      () => verify(async () => this.#random.chance(0.9)),
    ];
    this.#pending.push(this.#random.pick(steps)());
    if (this.#random.chance(0.3)) await Promise.all(this.#pending.splice(0));
    else if (this.#random.chance(0.5)) await new Promise((resolve) => setImmediate(resolve));
  }

  async #append(count: number): Promise<void> {
    const drafts = Array.from({ length: count }, () => message(++this.#number));
    const entries = sealed(this.#all.at(-1), drafts, `0/${this.#number}/${ADDRESS}`);
    this.#all.push(...entries);
    for (const entry of entries) this.#written.set(entry.chain, entry);
    await append(this.#database!.storage, entries);
  }

  async #compact(): Promise<void> {
    const mark = sealed(this.#all.at(-1), [COMPACT]);
    this.#all.push(...mark);
    for (const entry of mark) this.#written.set(entry.chain, entry);
    this.#upTo = mark[0]!.op;
    const appended = append(this.#database!.storage, mark);
    const { report, failure } = await compact(this.#database!.storage, this.#plan());
    expect(failure).toBeUndefined();
    if (report) this.compactions++;
    await appended;
  }

  async #cut(): Promise<void> {
    const least = Math.max(this.#upTo, this.#snapshotOp);
    const op = this.#random.between(least, this.#all.length + 1);
    this.#all.length = op;
    const cutting = settled((done) => this.#database!.storage.cutAfter(op, 'a test', done));
    this.#cutting.push(cutting);
    expect(await cutting).toBeUndefined();
  }

  async #read(): Promise<void> {
    const fromOp = this.#random.between(1, Math.max(2, this.#all.length));
    const found = await readEntries(this.#database!.storage, fromOp, 3000);
    expect(found.map(({ op }) => op)).toEqual(found.map((_, index) => fromOp + index));
    this.#expectWritten(found);
  }

  async #readRows(): Promise<void> {
    const wanted = this.#all.filter(() => this.#random.chance(0.2));
    const found = await readRows(
      this.#database!.storage,
      wanted.map(({ op }) => op),
    );
    expect(found.map(({ chain }) => chain)).toEqual(wanted.map(({ chain }) => chain));
    this.#expectWritten(found);
  }

  /** Each as it was, or without its body. */
  #expectWritten(found: readonly LogEntry[]): void {
    for (const entry of found) {
      const before = this.#written.get(entry.chain)!;
      if (entry.row !== before.row) expect(entry).toEqual(shorter([before], new Map([[before.op, 'nothing']]))[0]);
    }
  }

  #snapshot() {
    const last = this.#all.at(-1)!;
    this.#snapshotOp = Math.max(this.#snapshotOp, last.op);
    return { ...snapshotAt(last, 'some'), tables: [] };
  }

  /** All that was to go is gone, and all else is there. */
  async expectEnd(): Promise<void> {
    await this.#compact();
    const { storage } = this.#database!;
    const rows = (await readEntries(storage, 1, 100_000_000)).map(({ row }) => row).join('');
    const gone = new Map([...this.#remains].filter(([op]) => op <= this.#upTo));
    expect(rows).toBe(
      shorter(this.#all, gone)
        .map(({ row }) => row)
        .join(''),
    );
    expect(openRows(Buffer.from(rows), GENESIS_CHAIN, 0).damage).toBeUndefined();
    expect((await readdir(this.#folder)).filter((name) => name.endsWith('.new'))).toEqual([]);
  }
}

describe('R24: compaction beside appends, cuts, reads, copies, snapshots and checks', () => {
  it.each(Array.from({ length: 6 }, (_, seed) => [seed]))('in whatever order they come (%i)', async (seed) => {
    const run = new Run(seed, join(await temporaryFolder(), 'database'));
    for (let life = 0; life < 2; life++) {
      await run.start();
      for (let step = 0; step < STEPS; step++) await run.step();
      if (life === 0) await run.end();
    }
    await run.expectEnd();
    await run.end();
    expect(run.compactions).toBeGreaterThan(1);
  });
});
