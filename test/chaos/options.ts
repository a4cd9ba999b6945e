import { parseArgs } from 'node:util';

/** What a run is told on its command line, checked. */
export interface ChaosOptions {
  /** At most so long. */
  minutes: number;
  seed: string;
  /** Servers that hold data, 3 to 5. */
  servers: number;
  witnesses: 0 | 2;
  /** Goes on until so many `kill -9` and partitions have been done, if any number is above 0; else until the time is over. */
  kills: number;
  partitions: number;
  /** Servers do not trust refused connections, and some connections are refused falsely. */
  resets: boolean;
  /** All on 127.0.0.1, without partitions, even where namespaces can be made. */
  loopback: boolean;
  /** The folder with the servers' data and output stays, whatever came of it. */
  keep: boolean;
}

export const USAGE = `npm run chaos -- [--minutes M] [--seed S] [--servers 3..5] [--witnesses 0|2]
                 [--kills N] [--partitions N] [--resets] [--loopback] [--keep]`;

/** @throws Error with one sentence for the person who typed them */
export function readOptions(args: readonly string[]): ChaosOptions {
  const text = (value: string) => ({ type: 'string', default: value }) as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: text('5'),
      seed: text(String(Date.now())),
      servers: text('3'),
      witnesses: text('0'),
      kills: text('0'),
      partitions: text('0'),
      resets: { type: 'boolean', default: false },
      loopback: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
  });
  const { seed, resets, loopback, keep } = values;
  return {
    seed,
    resets,
    loopback,
    keep,
    minutes: number('minutes', values.minutes, 'a number above 0', (value) => value > 0),
    servers: number('servers', values.servers, '3, 4 or 5', (value) => [3, 4, 5].includes(value)),
    witnesses: number('witnesses', values.witnesses, '0 or 2', (value) => value === 0 || value === 2) as 0 | 2,
    kills: number('kills', values.kills, 'a whole number', isCount),
    partitions: number('partitions', values.partitions, 'a whole number', isCount),
  };
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}

function number(name: string, typed: string, expected: string, isRight: (value: number) => boolean): number {
  const value = typed.trim() === '' ? Number.NaN : Number(typed);
  if (!isRight(value)) throw new Error(`--${name} "${typed}" is not what is expected: ${expected}.`);
  return value;
}
