import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../shared/random.ts';
import { PHASES } from './phases.ts';
import { KillRig } from './rig.ts';

/** One server, and not the restore, which takes many processes; `npm run kills` does all of it with three, a hundred times. */
describe('kill -9 of a server', { timeout: 120_000 }, () => {
  it('in the midst of each thing that takes it a while: nothing acknowledged is lost, and what is left is whole', async () => {
    const phases = PHASES.filter(({ servers, name }) => servers === 1 && name !== 'a restore');
    const rig = await KillRig.start({ servers: 1, messages: 0 }, seededRandom('kills'));
    try {
      for (const phase of phases) {
        await phase.kill(rig);
        await rig.revive();
        await rig.untilHeard();
      }
      await rig.audit();
      expect(rig.kills).toBeGreaterThanOrEqual(phases.length);
      expect(rig.checks).toBeGreaterThanOrEqual(phases.length);
    } finally {
      await rig.close();
    }
  });
});
