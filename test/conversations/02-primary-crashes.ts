import { expect } from 'vitest';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  title: 'The primary crashes',
  story: `
A crashes with message 2 on its way: B has it, C does not, and nobody was answered. B and C see their connections to A
refused, so A is dead (R5), and died clean, for both hold its lease (R6d). No time-out is waited for. B is next in
order (R7) and wins view 2A with C (R9, W2). Message 2 was never acknowledged, yet it survives, because B, who has it,
leads: C becomes equal before it accepts (R10). The client sends it again to B, who knows it by its number (R18, not
shown here).`,

  play: ({ formed, say, hold, ask, deliver, crash, until, server }) => {
    formed(1);
    say('A sends message 2 to B and C. What it sends to C never leaves the machine.');
    hold('A', 'C');
    ask('A', 2);
    deliver();
    expect(server('A').answered).toEqual([1]);

    say('A crashes.');
    crash('A');
    until(() => server('C').members === 'B C');
    deliver();

    say('A client sends message 3 to the new primary.');
    ask('B', 3);
    deliver();
    expect(server('B').isPrimary).toBe(true);
    expect(server('B').answered).toEqual([3]);
    expect(server('C').requests).toEqual([1, 2, 3]);
  },
};
