import { parseArgs } from 'node:util';
import { seededRandom } from '../../shared/random.ts';
import { PHASES } from './phases.ts';
import { KillRig } from './rig.ts';

/**
 * `npm run kills -- [--kills N] [--seed S] [--servers 1|3] [--messages N] [--only PHASE]`: real servers under load, killed with
 * `kill -9` in the midst of each thing that takes them a while, started again, checked and audited.
 */
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now()) },
    servers: { type: 'string', default: '3' },
    messages: { type: 'string', default: '20000' },
    only: { type: 'string' },
  },
});
const AUDIT_EVERY_ROUNDS = 6;

const [kills, servers, messages] = [values.kills, values.servers, values.messages].map(Number) as [
  number,
  number,
  number,
];
const phases = PHASES.filter((phase) => phase.servers <= servers && phase.name.includes(values.only ?? ''));
const met = new Map(phases.map(({ name }) => [name, { kills: 0, met: 0 }]));
console.log(`seed ${values.seed}: ${servers} servers, ${messages} messages in their log, ${kills} kills`);
const rig = await KillRig.start({ servers, messages }, seededRandom(values.seed));
try {
  for (let round = 0; rig.kills < kills; round++) {
    const phase = phases[round % phases.length]!;
    const before = rig.kills;
    const record = met.get(phase.name)!;
    record.met += await phase.kill(rig);
    record.kills += rig.kills - before;
    await rig.revive();
    await rig.untilHeard();
    if (round % AUDIT_EVERY_ROUNDS === AUDIT_EVERY_ROUNDS - 1) await rig.audit();
    console.log(`${rig.kills} kills, the last ones during ${phase.name}; ${rig.acknowledged} acknowledged`);
  }
  await rig.audit();
  for (const [name, record] of met)
    console.log(`${name}: ${record.kills} kills, ${record.met} surely in the midst of it`);
  console.log(
    `${rig.kills} kills, ${rig.checks} folders checked and whole, ${rig.acknowledged} acknowledged, ${rig.audits} audits: nothing lost, doubled or out of order`,
  );
} catch (error) {
  console.log(
    `FAILED: ${error instanceof Error ? (error.stack ?? error.message) : error}\n${await rig.cluster.describe()}`,
  );
  process.exitCode = 1;
} finally {
  await rig.close();
}
