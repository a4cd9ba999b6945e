import { expect } from 'vitest';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  title: 'A spare steps in',
  servers: 'ABCD',
  story: `
D follows the log without being a member, for the view is full (R21). It asks the primary for what it lacks, again and
again. B crashes: A drops it at once, and takes D in by the next view change, so that there are three copies again
without anybody’s doing.`,

  play: ({ formed, say, ask, crash, until, deliver, wait, server }) => {
    formed(1);
    say('D follows: it is told what is committed.');
    ask('A', 2);
    deliver();
    wait(200);
    expect(server('D').requests).toEqual([1, 2]);
    expect(server('D').members).toBe('A B C');

    say('B crashes.');
    crash('B');
    until(() => server('D').members === 'A C D');
    deliver();

    say('A client sends message 3.');
    ask('A', 3);
    deliver();
    expect(server('A').answered).toEqual([1, 2, 3]);
    expect(server('D').requests).toEqual([1, 2, 3]);
  },
};
