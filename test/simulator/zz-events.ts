import { planOf } from './plan.ts';
import { Simulation } from './simulation.ts';

const [seed, client, pattern] = process.argv.slice(2) as [string, string, string];
const simulation = new Simulation(planOf(seed));
const result = await simulation.run();
console.log(result.violation);
for (const event of simulation.clientEvents) {
  const text = JSON.stringify(event);
  if ((client === '*' || event.client === client) && new RegExp(pattern).test(text)) console.log(text.slice(0, 600));
}
