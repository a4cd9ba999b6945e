import { expect } from 'vitest';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  title: 'With two witnesses, two servers are cut off together',
  servers: 'ABCVW',
  story: `
A, B and C hold the data; V and W only vote (R16). A and B are cut off from the rest, together: A still is primary, and
still hears B. But C does not acknowledge, so nothing is committed there (R4), and three of five voters are on the other
side. C asks V and W, who do not hear the primary any more and promise (R8); C, V and W are more than half of the five
(R9, W2), and C goes on alone. When the cut is over, A and B hear of its view and join it (R13, R14).`,

  play: ({ formed, say, cut, mend, ask, until, deliver, wait, server }) => {
    formed(1);
    say('A and B are cut off from C, V and W, and A is asked for a message.');
    for (const inside of 'AB') for (const outside of 'CVW') cut(inside, outside);
    ask('A', 2);
    until(() => server('C').members === 'C');
    deliver();
    expect(server('A').answered).toEqual([1]);

    say('A client sends message 3 to C.');
    ask('C', 3);
    deliver();
    expect(server('C').answered).toEqual([3]);

    say('A and B want to go on without C, and cannot.');
    wait(500);

    say('The cut is over.');
    for (const inside of 'AB') for (const outside of 'CVW') mend(inside, outside);
    until(() => server('C').members.length === 5);
    deliver();
    expect(server('C').isPrimary).toBe(true);
    expect(server('A').answered).toEqual([1]);
    for (const name of 'ABC') expect(server(name).requests).toEqual([1, 3]);
  },
};
