import { expect } from 'vitest';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  title: 'Calm: three servers become a cluster and store one message',
  story: `
A finds no cluster and forms one (R19b): view 1A, of itself alone. B and C ask to join (R14). Each joins by a view
change: A asks what the members would say (R7, the probe), then for their promises (R2, R8), proposes (R9), everybody
copies the log and accepts (R10), and with A's write of its base the view exists (R11). Then a message: A sends it to
both (R3), and answers when it is on all three disks (R4).`,

  play: ({ begin, start, form, say, wait, ask, deliver, until, server }) => {
    begin();
    say('A starts on an empty folder.');
    start('A');
    deliver();
    form('A');
    deliver();

    say('B starts. It hears of the view from A’s hello, and asks to join.');
    wait(1000);
    start('B');
    until(() => server('B').members === 'A B');
    deliver();

    say('C starts. With it the cluster is complete, and serves from now on whoever is left.');
    wait(1000);
    start('C');
    until(() => server('C').members === 'A B C');
    deliver();

    say('A client sends message 1.');
    wait(1000);
    ask('A', 1);
    deliver();

    expect(server('A').isPrimary).toBe(true);
    expect(server('A').answered).toEqual([1]);
    for (const name of 'ABC') {
      expect(server(name).requests).toEqual([1]);
      expect(server(name).running.complete).toBe(true);
    }
  },
};
