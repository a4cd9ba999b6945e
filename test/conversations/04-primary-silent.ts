import { expect } from 'vitest';
import { TIMEOUT_MS } from '../support/replication-fixtures.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  title: 'The primary falls silent, is left behind, and follows',
  story: `
A’s cable is pulled. A is not proven dead, so B and C have to wait until it was silent for E and their leases to A have
run out (R6c, R7). Then they go on in view 3B. Meanwhile A does not know: it still takes message 2, but nobody
acknowledges (R4), and a read is answered by nobody either, since its leases have run out (R17). When the cable is back
it hears of 3B, which it never accepted, and is outside (R13). It joins again (R14), and its message 2, which nobody was
told of, is set aside (R10).`,

  play: ({ formed, say, cut, mend, ask, read, wait, until, deliver, server }) => {
    formed(1);
    say('A is cut off, and asked for a message and, later, for a read.');
    cut('A', 'B');
    cut('A', 'C');
    ask('A', 2);
    wait(TIMEOUT_MS - 50);
    read('A');
    expect(server('B').members).toBe('A B C');

    say('E is over.');
    until(() => server('C').members === 'B C');
    deliver();
    expect(server('A').isPrimary).toBe(true);
    ask('B', 3);
    deliver();

    wait(500);
    say('The cable is back.');
    mend('A', 'B');
    mend('A', 'C');
    until(() => server('A').members === 'B C A');
    deliver();

    expect(server('A').answered).toEqual([1]);
    expect(server('A').confirmedReads).toEqual([]);
    expect(server('B').answered).toEqual([3]);
    for (const name of 'ABC') expect(server(name).requests).toEqual([1, 3]);
  },
};
