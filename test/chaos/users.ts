import { Talker } from '../../server/commands/drill-talker.ts';
import type { Orders, UserReport } from './crowd.ts';

/**
 * A process of users: told over its channel who they are and whom they write to, it has them talk without pause, and
 * tells at short intervals what came of it.
 */
const REPORT_MS = 50;

const talkers: Talker[] = [];
const reported = new Map<Talker, { acknowledged: number; shown: number; answers: number; givenUp: number }>();

process.on('disconnect', () => process.exit(0));
process.on('message', (orders: Orders) => {
  follow(orders).catch((error) => {
    send({ problem: error instanceof Error ? error.message : String(error) });
  });
});

async function follow(orders: Orders): Promise<void> {
  if (orders.do === 'join') {
    const joined = orders.users.map(({ username, giveUpAfterMs }) =>
      Talker.joined(username, orders.servers, { giveUpAfterMs }),
    );
    talkers.push(...(await Promise.all(joined)));
    setInterval(report, REPORT_MS);
    send({ done: 'join' });
  } else if (orders.do === 'talk') {
    for (const [index, talker] of talkers.entries()) talker.talk(orders.to[index]!, orders.inFlight, orders.pauseMs);
  } else {
    await Promise.all(talkers.map((talker) => talker.quiet()));
    report();
    send({ done: 'quiet' });
  }
}

function report(): void {
  for (const talker of talkers) {
    const { username, acknowledged, shown, answers, givenUp, refused } = talker;
    const before = reported.get(talker) ?? { acknowledged: 0, shown: 0, answers: 0, givenUp: 0 };
    const news = {
      acknowledged: acknowledged.slice(before.acknowledged),
      shown: shown.slice(before.shown),
      answers: answers.slice(before.answers),
      givenUp: givenUp.slice(before.givenUp),
      refused: refused.splice(0),
    };
    if (Object.values(news).every(({ length }) => length === 0)) continue;
    reported.set(talker, {
      acknowledged: acknowledged.length,
      shown: shown.length,
      answers: answers.length,
      givenUp: givenUp.length,
    });
    send({ username, news });
  }
}

function send(message: UserReport): void {
  process.send?.(message);
}
