import type { Bounds } from './model.ts';
import type { SearchResult } from './search.ts';
import type { TraceStep } from './traces.ts';

/** `3 replicas, 2 numbers, 1 operation, 1 crash` */
export function boundsText(bounds: Bounds): string {
  return Object.entries(bounds)
    .filter(([name, count]) => count > 0 || ['crashes', 'restarts'].includes(name))
    .map(([name, count]) => `${count} ${count === 1 ? singular(name) : name}`)
    .join(', ');
}

function singular(name: string): string {
  return name.endsWith('sses') || name.endsWith('shes') || name === 'losses' ? name.slice(0, -2) : name.slice(0, -1);
}

/** How a search ended, in one sentence with its figures. */
export function resultText(result: SearchResult): string {
  const { states, transitions, depth, seconds, cpuSeconds, exhausted, violation } = result;
  const end = violation ? `FAILED: ${violation.broken}` : exhausted ? 'exhausted, no violation' : 'cut, no violation';
  const rate = Math.round(transitions / Math.max(cpuSeconds, 0.001));
  return (
    `${end}\n${states} states, ${transitions} transitions, depth ${depth}, ${seconds.toFixed(1)} s ` +
    `(${cpuSeconds.toFixed(1)} s of processor time, ${rate} transitions a second of it)`
  );
}

/** A trace as numbered sentences; each ends with the move in the explorer's own language. */
export function traceText(trace: readonly TraceStep[]): string {
  return trace
    .map(({ code, story }, index) => {
      const [first, ...others] = story;
      const lead = leadOf(code);
      const rest = first === undefined ? '' : `${lead === '' ? '' : ': '}${[first, ...others].join('; ')}`;
      return `${String(index + 1).padStart(3)}. ${lead}${rest}.  <${code}>`;
    })
    .join('\n');
}

/** What happens, where the story alone would not tell. */
function leadOf(code: string): string {
  const [verb, one, other] = code.split(' ');
  switch (verb) {
    case 'crash':
      return `${one} crashes`;
    case 'restart':
      return `${one} starts again${code.endsWith('lossy') ? ' and has lost its last row' : ''}`;
    case 'meet':
      return `${one} and ${other} connect`;
    case 'dead':
      return `${one} finds that ${other} is dead`;
    case 'hear':
      return `${one} hears from ${other} which view is installed`;
    case 'ping':
      return `${other} pings ${one}`;
    case 'join':
      return `${one} follows the primary`;
    case 'sync':
      return `what ${one} appended is on its disk`;
    case 'propose':
      return `a client asks ${one}`;
    case 'ask':
      return `${one} wants another view${silenceText(code)}`;
    default:
      return `${code.slice('deliver '.length)} arrives`;
  }
}

function silenceText(code: string): string {
  const silent = code.split(' ').filter((word) => word.startsWith('-'));
  return silent.length === 0 ? '' : `, because ${silent.map((word) => word.slice(1)).join(' and ')} was silent for E`;
}
