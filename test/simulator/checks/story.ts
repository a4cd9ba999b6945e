import type { Plan, RunResult } from '../plan.ts';
import { describeFault, describeOperations, describeSurroundings } from './plan-words.ts';

export interface StoryOptions {
  /** Of the events, at most so many of the last ones; by default 80. */
  lastEvents?: number;
  /** What to type to see it again. */
  command: string;
}

/** What one line of a trace says. */
interface TraceEvent {
  /** As it stands in the trace, milliseconds. */
  readonly at: string;
  readonly who: string;
  readonly what: string;
}

const LAST_EVENTS = 80;
/** Of these only how often they came is worth telling. */
const HEARTBEATS = /\b(ping|pong|commit|gossip|heartbeat)s?\b/i;

/** A failed run for people: what was done to whom, what came of it, which promise was broken, and how to see it again. */
export function tellStory(plan: Plan, result: RunResult, { lastEvents = LAST_EVENTS, command }: StoryOptions): string {
  const events = foldHeartbeats(result.story.map(readTrace));
  const left = events.length - lastEvents;
  return [
    `Run ${plan.seed}`,
    describeSurroundings(plan),
    '',
    `What goes wrong (${plan.faults.length}):`,
    ...indented(plan.faults.map((fault) => describeFault(fault, plan.layout))),
    `What clients do (${plan.operations.length}):`,
    ...indented(describeOperations(plan.operations, plan.layout.clients)),
    '',
    'What happens:',
    ...(left > 0 ? [`  … ${left} events before`] : []),
    ...events.slice(-lastEvents).map(({ at, who, what }) => `${at.padStart(12)} ms  ${who.padEnd(9)} ${what}`),
    '',
    `Broken: ${result.violation ?? 'nothing'}`,
    `Once more: ${command}`,
  ].join('\n');
}

/** A line of a trace is a time, a name with or without a colon, and the rest. */
function readTrace(line: string): TraceEvent {
  const [, at = '', rest = line] = /^\s*(\d+(?:\.\d+)?)\s+(.*)$/s.exec(line) ?? [];
  const [, who = '', what = rest] = /^((?:server|witness|client)\d+)(?::\d+)?:?\s+(.*)$/s.exec(rest) ?? [];
  return { at, who, what: withShortNames(what) };
}

/** All servers of a run have the same port. */
function withShortNames(text: string): string {
  return text.replaceAll(/\b((?:server|witness)\d+):\d+\b/g, '$1');
}

/** Repeated heartbeats between two other events become one line. */
function foldHeartbeats(events: readonly TraceEvent[]): TraceEvent[] {
  const folded: TraceEvent[] = [];
  let beats: TraceEvent[] = [];
  const flush = () => {
    const [first, second] = beats;
    if (second)
      folded.push({ at: first!.at, who: '', what: `${beats.length} heartbeats, the last at ${beats.at(-1)!.at} ms` });
    else if (first) folded.push(first);
    beats = [];
  };
  for (const event of events) {
    if (HEARTBEATS.test(event.what)) beats.push(event);
    else {
      flush();
      const last = folded[folded.length - 1];
      if (last?.who === event.who && sameButNumber(last.what, event.what))
        folded[folded.length - 1] = again(last, event);
      else folded.push(event);
    }
  }
  flush();
  return folded;
}

const TIMES = / \((\d+) times, the last at [\d.]+ ms\)$/;

function sameButNumber(former: string, what: string): boolean {
  return former.replace(TIMES, '') === what;
}

function again(former: TraceEvent, event: TraceEvent): TraceEvent {
  const times = Number(TIMES.exec(former.what)?.[1] ?? 1) + 1;
  return { ...former, what: `${event.what} (${times} times, the last at ${event.at} ms)` };
}

function indented(lines: readonly string[]): string[] {
  return lines.length === 0 ? ['  nothing'] : lines.map((line) => `  ${line}`);
}
