import { describe, expect, it } from 'vitest';
import { HistoryPages } from '../../server/engine/history-pages.ts';
import type { HistoryPage } from '../../server/state/reader.ts';
import type { ReplicaStorage, StorageFailure } from '../../server/storage/replica-storage.ts';
import { type Result, success } from '../../shared/errors.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { ChatLog } from '../state/chat-log.ts';

interface Reading {
  ops: readonly number[];
  done: (entries: LogEntry[], failure?: StorageFailure) => void;
}

/** A chat whose rows are on a disk that answers when the test says so. */
class Stage {
  readonly log = new ChatLog();
  readonly ana = this.log.create('ana');
  readonly bo = this.log.create('bo');
  readonly readings: Reading[] = [];
  readonly logged: string[] = [];
  readonly damages: string[] = [];
  /** Rows above it are in memory. */
  floor = Number.POSITIVE_INFINITY;
  isOver = false;
  readonly #pages: HistoryPages;

  constructor() {
    const readRows: ReplicaStorage['readRows'] = (ops, done) => void this.readings.push({ ops, done });
    this.#pages = new HistoryPages({
      chat: this.log.state,
      storage: { readRows } as ReplicaStorage,
      rowInMemory: (position) => (position > this.floor ? this.log.entries[position - 1] : undefined),
      mayAnswer: () => true,
      isOver: () => this.isOver,
      onDamage: ({ message }) => this.damages.push(message),
      log: (text) => this.logged.push(text),
    });
  }

  /** Asks for the newest messages of ana. @returns the answers so far: none, or one */
  ask(limit = 9): Result<HistoryPage>[] {
    const answers: Result<HistoryPage>[] = [];
    this.#pages.answer(
      (chat) => success(chat.history({ account: this.ana, limit })),
      (page) => answers.push(page),
    );
    return answers;
  }

  /** The disk answers the reading that waits longest. */
  read(): void {
    const { ops, done } = this.readings.shift()!;
    done(ops.map((op) => this.log.entries[op - 1]!));
  }

  expected(limit = 9): Result<HistoryPage> {
    return success(this.log.page({ account: this.ana, limit }));
  }
}

describe('a page of history', () => {
  it('is answered at once when its texts are in memory, and reads what is not', () => {
    const stage = new Stage();
    for (const body of ['one', 'two', 'three']) stage.log.send(stage.bo, stage.ana, body);
    stage.floor = 2;
    expect(stage.ask()).toEqual([stage.expected()]);
    stage.floor = 4;
    const answers = stage.ask();
    expect(stage.readings.map(({ ops }) => ops)).toEqual([[3, 4]]);
    stage.read();
    expect(answers).toEqual([stage.expected()]);
  });

  it('R17: is as the state is when it is answered, whatever was sent and deleted while its texts were read', () => {
    const stage = new Stage();
    const ids = ['one', 'two', 'three'].map((body) => stage.log.send(stage.bo, stage.ana, body));
    const answers = stage.ask(2);
    stage.log.deleteMessage(stage.bo, ids[2]!);
    stage.floor = stage.log.entries.length;
    stage.read();
    // Another one takes the place of the deleted one.
    expect(stage.readings.map(({ ops }) => ops)).toEqual([[3]]);
    stage.log.send(stage.ana, stage.bo, 'four');
    stage.read();
    expect(answers).toEqual([stage.expected(2)]);
    expect(JSON.stringify(answers)).not.toContain('three');
  });

  it('has the text of an edited message from the row of the edit, and its time from its own', () => {
    const stage = new Stage();
    const id = stage.log.send(stage.bo, stage.ana, 'with a tpyo');
    const answers = stage.ask();
    stage.log.edit(stage.bo, id, 'without');
    stage.read();
    expect(stage.readings.map(({ ops }) => ops)).toEqual([[4]]);
    stage.read();
    expect(answers).toEqual([stage.expected()]);
    expect(answers).toMatchObject([{ value: { messages: [{ body: 'without', position: 3 }] } }]);
  });

  it('is empty when its account was deleted while its texts were read', () => {
    const stage = new Stage();
    stage.log.send(stage.bo, stage.ana);
    const answers = stage.ask();
    stage.log.deleteAccount(stage.ana);
    stage.read();
    expect(answers).toMatchObject([{ ok: true, value: { messages: [] } }]);
  });

  it('is refused as unavailable when the disk does not give its texts, which the operator is told', () => {
    const stage = new Stage();
    stage.log.send(stage.bo, stage.ana);
    const answers = stage.ask();
    stage.readings.shift()!.done([], { message: 'Reading commit_log.csv failed: EIO.', full: false });
    expect(answers).toMatchObject([{ ok: false, error: { code: 'unavailable', definite: true } }]);
    expect(stage.logged).toEqual([expect.stringContaining('commit_log.csv')]);
    const again = stage.ask();
    stage.read();
    expect(again).toEqual([stage.expected()]);
  });

  it('asks nothing of the disk once the server ends', () => {
    const stage = new Stage();
    stage.log.send(stage.bo, stage.ana);
    stage.isOver = true;
    expect(stage.ask()).toMatchObject([{ ok: false, error: { code: 'unavailable' } }]);
    expect(stage.readings).toEqual([]);
  });

  it('waits its turn when many are asked for, and each is answered once', () => {
    const stage = new Stage();
    stage.log.send(stage.bo, stage.ana);
    const answers = Array.from({ length: 50 }, () => stage.ask());
    expect(stage.readings.length).toBeLessThan(50);
    const most = stage.readings.length;
    while (stage.readings.length > 0) {
      expect(stage.readings.length).toBeLessThanOrEqual(most);
      stage.read();
    }
    for (const answer of answers) expect(answer).toEqual([stage.expected()]);
  });

  it('does not read for ever when a row is not what the index says', () => {
    const stage = new Stage();
    stage.log.send(stage.bo, stage.ana);
    const answers = stage.ask();
    for (let count = 0; count < 100 && stage.readings.length > 0; count++) stage.readings.shift()!.done([]);
    expect(answers).toMatchObject([{ ok: false, error: { code: 'unavailable' } }]);
  });
});
