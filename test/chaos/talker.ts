import { audit, type Verdict } from '../../server/commands/drill-audit.ts';
import { PASSWORD, Talker } from '../../server/commands/drill-talker.ts';
import type { Address } from '../../shared/ids.ts';
import { historyOf } from './audit.ts';

export { PASSWORD, Talker };

/** How long a connected client may take to be shown what is there. */
const SHOWN_WITHIN_MS = 15_000;

/** Reads everything back from a server and compares it with what the talkers were told and shown. */
export async function auditTalkers(talkers: readonly Talker[], primary: Address): Promise<Verdict> {
  const accounts = await Promise.all(
    talkers.map(async ({ username, acknowledged, shown }) => {
      const history = await historyOf(primary, username, PASSWORD);
      const giveUpAtMs = performance.now() + SHOWN_WITHIN_MS;
      while (shown.length < history.length && performance.now() < giveUpAtMs) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return { username, acknowledged, shown: [...shown], history };
    }),
  );
  return audit(accounts);
}
