import { describe, expect, it } from 'vitest';
import { OpLog } from '../../server/replication/op-log.ts';
import { GENESIS_CHAIN } from '../../shared/operations.ts';
import { entries } from '../support/replication-fixtures.ts';

const five = entries('0/1/a:1', [1, 2, 3, 4, 5]);

function logOf(count: number): OpLog {
  const log = new OpLog();
  log.append(five.slice(0, count));
  log.durableOp = count;
  return log;
}

describe('the log as a replica knows it', () => {
  it('starts before the first operation, in no view', () => {
    expect(new OpLog().end).toEqual({ op: 0, chain: GENESIS_CHAIN, view: '0/0/' });
    expect(new OpLog().chainAt(0)).toBe(GENESIS_CHAIN);
  });

  it('ends with its last entry, and knows the chain after each', () => {
    const log = logOf(5);
    expect(log.end).toEqual({ op: 5, chain: five[4]!.chain, view: '0/1/a:1' });
    expect([0, 1, 5, 6].map((op) => log.chainAt(op))).toEqual([
      GENESIS_CHAIN,
      five[0]!.chain,
      five[4]!.chain,
      undefined,
    ]);
    expect([0, 1, 5, 6].map((op) => log.entry(op)?.op)).toEqual([undefined, 1, 5, undefined]);
  });

  it('never holds a gap', () => {
    expect(() => logOf(1).append(five.slice(2))).toThrow('entry 3 does not follow 1');
    expect(() => logOf(2).append(five.slice(0, 2))).toThrow('entry 1 does not follow 2');
  });

  it('R10: what is cut is neither there nor durable any more', () => {
    const log = logOf(5);
    log.cutAfter(3);
    expect(log.endOp).toBe(3);
    expect(log.durableOp).toBe(3);
    log.append(five.slice(3));
    expect(log.durableOp).toBe(3);
    expect(log.end.chain).toBe(five[4]!.chain);
  });

  it('a cut above the end changes nothing', () => {
    const log = logOf(3);
    log.cutAfter(4);
    expect([log.endOp, log.durableOp]).toEqual([3, 3]);
  });

  it('what was let go is on disk only, its last chain and view are remembered', () => {
    const log = logOf(5);
    log.release(3);
    expect([log.floor, log.endOp]).toEqual([3, 5]);
    expect(log.chainAt(3)).toBe(five[2]!.chain);
    expect(log.chainAt(2)).toBeUndefined();
    expect(log.entry(3)).toBeUndefined();
    expect(log.slice(4, 5, 1e9).map(({ op }) => op)).toEqual([4, 5]);
    log.release(5);
    expect(log.end).toEqual({ op: 5, chain: five[4]!.chain, view: '0/1/a:1' });
    expect(() => log.cutAfter(4)).toThrow('cannot cut after 4, below 5');
    expect(() => log.slice(5, 5, 1e9)).toThrow('entry 5 is no longer in memory');
  });

  it('letting go of what is not there is nothing', () => {
    const log = logOf(2);
    log.release(7);
    expect(log.floor).toBe(0);
  });

  it('a piece of it has as many entries as fit, and at least one', () => {
    const log = logOf(5);
    const { length } = five[0]!.row;
    expect(log.slice(1, 5, 2 * length).map(({ op }) => op)).toEqual([1, 2]);
    expect(log.slice(2, 5, 1).map(({ op }) => op)).toEqual([2]);
    expect(log.slice(4, 9, 1e9).map(({ op }) => op)).toEqual([4, 5]);
  });

  it('goes on after a snapshot as if it had let go of everything before', () => {
    const log = new OpLog({ op: 3, chain: five[2]!.chain, view: five[2]!.view });
    expect(log.end).toEqual({ op: 3, chain: five[2]!.chain, view: '0/1/a:1' });
    log.append(five.slice(3));
    expect([log.endOp, log.durableOp]).toEqual([5, 3]);
  });

  it('counts the length of what is in memory, and says after which operation a short enough tail follows', () => {
    const log = logOf(5);
    const length = (ops: number[]) => ops.reduce((sum, op) => sum + five[op - 1]!.row.length, 0);
    expect(log.length).toBe(length([1, 2, 3, 4, 5]));
    expect(log.tailAfter(5, 2, 1e9)).toBe(3);
    expect(log.tailAfter(5, 9, length([4, 5]))).toBe(3);
    expect(log.tailAfter(5, 9, length([4, 5]) - 1)).toBe(4);
    expect(log.tailAfter(4, 9, 1e9)).toBe(0);
    log.release(2);
    expect(log.length).toBe(length([3, 4, 5]));
    expect(log.tailAfter(5, 9, 1e9)).toBe(2);
    log.cutAfter(3);
    expect(log.length).toBe(length([3]));
  });
});
