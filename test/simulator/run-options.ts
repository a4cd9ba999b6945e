import { parseArgs } from 'node:util';
import type { Layout } from './rates.ts';

export interface RunOptions {
  seed: string;
  runs: number;
  first: number;
  /** Ends after so many failed runs. */
  failures: number;
  workers: number;
  /** So many runs to look for a smaller plan that fails like the first that failed; 0: it is told as it is. */
  shrink: number;
  /** What is not drawn from the seed. */
  layout: Partial<Layout>;
}

/** An option that is not understood; the message says what was expected. */
export class OptionError extends Error {}

const OPTIONS = {
  seed: { type: 'string', default: 'understudy' },
  runs: { type: 'string', default: '1000' },
  first: { type: 'string', default: '0' },
  failures: { type: 'string', default: '3' },
  workers: { type: 'string', default: '2' },
  shrink: { type: 'string', default: '200' },
  replicas: { type: 'string' },
  servers: { type: 'string' },
  witnesses: { type: 'string' },
  spread: { type: 'string' },
} as const;

/** @throws OptionError */
export function readOptions(words: readonly string[]): RunOptions {
  const values = parse(words);
  const replicationFactor = values.replicas === undefined ? undefined : whole('replicas', values.replicas, 1, 9);
  const servers =
    values.servers === undefined ? replicationFactor : whole('servers', values.servers, replicationFactor ?? 1, 9);
  const witnesses = values.witnesses === undefined ? undefined : whole('witnesses', values.witnesses, 0, 2);
  if (witnesses === 1) throw new OptionError('--witnesses 1 is not possible: a view has none or two of them.');
  const percent = values.spread === undefined ? undefined : whole('spread', values.spread, 0, 100);
  return {
    seed: values.seed,
    runs: whole('runs', values.runs, 1, 1e9),
    first: whole('first', values.first, 0, 1e9),
    failures: whole('failures', values.failures, 1, 1e9),
    workers: whole('workers', values.workers, 1, 64),
    shrink: whole('shrink', values.shrink, 0, 1e6),
    layout: {
      ...(replicationFactor === undefined ? {} : { replicationFactor }),
      ...(servers === undefined ? {} : { servers, replicationFactor: replicationFactor ?? Math.min(3, servers) }),
      ...(percent === undefined ? {} : { spread: percent / 100 }),
      ...(witnesses === undefined ? {} : { witnesses: witnesses as 0 | 2 }),
    },
  };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const known = Object.keys(OPTIONS).map((name) => `--${name}`);
    throw new OptionError(`${(error as Error).message.split('. ')[0]}; there are ${known.join(', ')}.`);
  }
}

function whole(name: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= low && value <= high) return value;
  throw new OptionError(`--${name} ${text} is not a whole number from ${low} to ${high}.`);
}
