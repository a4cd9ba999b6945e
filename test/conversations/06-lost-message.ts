import { expect } from 'vitest';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  title: 'A message is lost with its connection, and sent again',
  story: `
What is under way on a connection may end with it (A2). Message 2 is lost on its way to B. When A’s new connection
stands, it sends everything again that B has not acknowledged (R3); nothing is committed before. Then an
acknowledgement is lost: when B’s new connection stands, it says again how far it is. No view change, no time-out.`,

  play: ({ formed, say, breakConnection, untilSends, ask, deliver, server }) => {
    formed(1);
    say('Message 2 is lost between A and B.');
    ask('A', 2);
    breakConnection('A', 'B');
    deliver();
    expect(server('A').answered).toEqual([1, 2]);

    say('B’s acknowledgement of message 3 is lost.');
    ask('A', 3);
    untilSends('B', 'prepare-ok');
    breakConnection('B', 'A');
    deliver();

    expect(server('A').answered).toEqual([1, 2, 3]);
    for (const name of 'ABC') {
      expect(server(name).requests).toEqual([1, 2, 3]);
      expect(server(name).members).toBe('A B C');
    }
  },
};
