import { expect } from 'vitest';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  title: 'The primary is told to stop',
  story: `
A gets SIGTERM with a message on its way (R23). It begins nothing more, commits what is in flight, and its last words are
a farewell: B and C hold its lease at that moment, so its death is a clean one (R6d), and they go on at once, before its
connections have ended.`,

  play: ({ formed, say, ask, leave, until, deliver, server }) => {
    formed(1);
    say('A is asked for message 2, and told to stop.');
    ask('A', 2);
    leave('A');
    until(() => server('C').members === 'B C');
    deliver();
    expect(server('A').answered).toEqual([1, 2]);

    say('A client sends message 3 to the new primary.');
    ask('B', 3);
    deliver();
    expect(server('B').answered).toEqual([3]);
    expect(server('C').requests).toEqual([1, 2, 3]);
  },
};
