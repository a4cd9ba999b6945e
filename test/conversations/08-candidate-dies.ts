import { expect } from 'vitest';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  title: 'The candidate dies between proposal and installation',
  story: `
A crashes, and B proposes view 3B to C. C accepts it, durably (R10), and B dies before it has C’s answer. C cannot know
whether B had installed 3B: accepted is not installed. So it has to win both, view 2A and view 3B (R9), and does: A and
B died clean, and C is what is left of either. The next view says so: it is “over 2A and 3B”.`,

  play: ({ formed, say, crash, untilSends, until, deliver, ask, server }) => {
    formed(1);
    say('A crashes.');
    crash('A');
    untilSends('C', 'view-ok');

    say('B crashes, before it hears that C has accepted.');
    crash('B');
    expect(server('C').file.pending).toHaveLength(1);
    until(() => server('C').members === 'C');
    deliver();
    expect(server('C').file.base?.over).toHaveLength(2);

    ask('C', 2);
    deliver();
    expect(server('C').answered).toEqual([2]);
    expect(server('B').file.base?.number.round).toBe(2);
  },
};
