import { expect } from 'vitest';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  title: 'Two candidates at once',
  story: `
A crashes while the network between B and C is slow. B asks at once; C, next in order, waits 200 ms for it (R7), hears
nothing, and asks as well. So both lead a view change from 2A, each with a number of its own: 3B and 3C. Probes bind
nobody, so each says yes to the other; then each promises itself, and is asked for a promise by the other. 3C is above
3B: C refuses, B promises (R2, R8), and gives up its own attempt. One of them wins, whatever the order of arrival.`,

  play: ({ formed, say, hold, release, crash, untilSends, until, deliver, wait, ask, server }) => {
    formed(1);
    say('B and C hear nothing of each other for a while, and A crashes.');
    hold('B', 'C');
    crash('A');
    untilSends('C', 'start-view-change');

    say('What was under way arrives.');
    release('B', 'C');
    until(() => server('B').members.length === 3 && server('B').members === server('C').members);
    deliver();
    wait(1000);
    expect(['B', 'C'].filter((name) => server(name).isPrimary)).toEqual(['C']);
    ask('C', 2);
    deliver();
    expect(server('B').requests).toEqual([1, 2]);
    expect(server('C').requests).toEqual([1, 2]);
  },
};
