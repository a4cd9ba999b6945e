import { parseOptions } from './options.ts';
import { boundsText, resultText, traceText } from './report.ts';
import { searchWithRulesOff } from './rules-off.ts';
import { search } from './search.ts';
import { firstWorld, newModel } from './start.ts';
import { follow } from './traces.ts';

/** `npm run explore`: every order in which messages, crashes and time-outs can happen, within bounds, over the real core. */
const options = parseOptions(process.argv.slice(2));
if (options.rulesOff) {
  process.exitCode = (await searchWithRulesOff(options.rulesOff)) ? 0 : 1;
} else {
  explore();
}

function explore(): void {
  const model = newModel(options.bounds, options.model);
  const guided = follow(model, firstWorld(model), options.from);
  const onProgress = (states: number, depth: number) => {
    if (!options.isQuiet && !options.asJson) console.error(`depth ${depth}: ${states} states`);
  };
  const result = search(model, guided.world, options.limits, onProgress);
  const trace = result.violation ? [...guided.trace, ...result.violation.trace] : [];
  process.exitCode = result.violation ? 1 : 0;
  if (options.asJson) {
    const violation = result.violation && { broken: result.violation.broken, trace };
    console.log(JSON.stringify({ ...result, violation, guided: guided.trace.length }));
    return;
  }
  if (trace.length > 0) console.log(traceText(trace));
  if (guided.trace.length > 0) console.log(`Guided: the search began after the first ${guided.trace.length} moves.`);
  console.log(`${boundsText(options.bounds)}: ${resultText(result)}`);
  const { servers, histories, nets, steps } = model;
  console.log(
    `${servers.all.length} different servers, ${nets.all.length} sets of messages, ${histories.all.length} histories; ` +
      `${steps.computed} calls of the core, all others repeated one of these`,
  );
}
