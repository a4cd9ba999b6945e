import { describe, expect, it } from 'vitest';
import type { ViewFile } from '../../shared/views.ts';
import { HistoryChecker } from './checkers.ts';
import { SimulatedDisk } from './disk.ts';
import { Histories, isForcedView } from './histories.ts';

function fileOf(epoch: number, incarnation = 1): ViewFile {
  const { file } = new SimulatedDisk('server1:1538' as never, 0, 300);
  const { id, disk } = file;
  const number = { epoch, round: 2 + epoch, candidate: id };
  return { ...file, incarnation, base: { number, members: [{ id, disk, incarnation: 1 }] } as never };
}

function entry(op: number, branch: string) {
  const common = { op, client: 'client', request: op, event: 'message:send', time: op };
  return { ...common, chain: `${branch}${op}` } as never;
}

/** Operations 1 to 3 in the first epoch; then a server is forced that has only these. */
function forcedWith(...ops: number[]) {
  const disks: SimulatedDisk[] = [];
  const histories = new Histories(() => disks);
  const first = histories.of(fileOf(0));
  first.onCommit('server2', { ...(entry(1, 'a') as object), event: 'cluster:complete', client: '' } as never);
  for (const op of [2, 3]) first.onCommit('server2', entry(op, 'a'));
  const disk = new SimulatedDisk('server1:1538' as never, 0, 300);
  disk.file = fileOf(1);
  disk.entries = ops.map((op) => first.committed[op - 1]!);
  disks.push(disk);
  histories.onForced(disk);
  return { histories, first, disk };
}

describe('R20: what was committed, by epochs', () => {
  it('a forced view keeps what its server has; what it lacks is lost, and its numbers are given anew', () => {
    const { histories, first, disk } = forcedWith(1, 2);
    expect([histories.isForced, histories.isSomethingLost]).toEqual([true, true]);
    expect(first.committed.map((one) => histories.isKept(one))).toEqual([true, true, false]);
    const second = histories.of(disk.file);
    expect(second).not.toBe(first);
    second.onCommit('server1', entry(3, 'b'));
    expect(() => second.onCommit('server3', entry(3, 'a'))).toThrow('I5');
    expect(() => first.onCommit('server2', entry(3, 'b'))).toThrow('I5');
  });

  it('I9: within what remains each request is done once', () => {
    const { histories, disk } = forcedWith(1, 2);
    const again = { ...(entry(3, 'b') as object), request: 2 } as never;
    expect(() => histories.of(disk.file).onCommit('server1', again)).toThrow('I9');
  });

  it('nothing is lost when its server had everything', () => {
    expect(forcedWith(1, 2, 3).histories.isSomethingLost).toBe(false);
  });

  it('what remains is the history of the last epoch that some disk knows of', () => {
    const { histories, first, disk } = forcedWith(1, 2);
    expect(histories.last).toBe(histories.of(disk.file));
    disk.file = fileOf(0);
    expect(histories.last).toBeInstanceOf(HistoryChecker);
    expect(histories.last).toBe(first);
  });

  it('a view is forced by the life that it lists alone, and only heard of by a later one', () => {
    expect(isForcedView(fileOf(0), fileOf(1))).toBe(true);
    expect(isForcedView(fileOf(0), fileOf(1, 2))).toBe(false);
    expect(isForcedView(fileOf(0), fileOf(0))).toBe(false);
  });
});
