import { seededRandom } from '../../shared/random.ts';
import { checkClientHistory } from './checks/client-history.ts';
import { LegalRun } from './checks/legal-run.ts';

const [from, to] = process.argv.slice(2).map(Number) as [number, number];
let bad = 0;
for (let seed = from; seed < to && bad < 8; seed++) {
  const random = seededRandom(`zz ${seed}`);
  const run = new LegalRun(random, random.between(5, 600));
  try {
    const violation = checkClientHistory(run.events, run.entries);
    if (violation) {
      bad++;
      console.log(seed, violation.slice(0, 700));
    }
  } catch (error) {
    bad++;
    console.log(seed, error);
  }
}
