import { parseArgs } from 'node:util';
import type { Bounds } from './model.ts';
import type { Limits } from './search.ts';
import type { ModelOptions } from './start.ts';

export interface Options {
  readonly bounds: Bounds;
  readonly model: ModelOptions;
  readonly limits: Limits;
  /** Moves that lead to where the search begins. */
  readonly from: readonly string[];
  /** Bound to be broken, by name, or all of them. */
  readonly rulesOff: readonly string[] | 'all' | null;
  readonly asJson: boolean;
  readonly isQuiet: boolean;
}

const DEFAULTS = {
  replicas: 3,
  witnesses: 0,
  numbers: 2,
  operations: 1,
  crashes: 1,
  restarts: 0,
  losses: 0,
  states: 20_000_000,
  seconds: 600,
};

/** @throws Error that names the option, its value and what was expected */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      replicas: { type: 'string' },
      witnesses: { type: 'string' },
      numbers: { type: 'string' },
      operations: { type: 'string' },
      crashes: { type: 'string' },
      restarts: { type: 'string' },
      losses: { type: 'string' },
      states: { type: 'string' },
      seconds: { type: 'string' },
      order: { type: 'string', default: 'breadth' },
      probes: { type: 'string', default: 'asked' },
      'slow-disks': { type: 'boolean', default: false },
      'late-news': { type: 'boolean', default: false },
      ignore: { type: 'string', default: '' },
      from: { type: 'string', default: '' },
      'rule-off': { type: 'string', multiple: true },
      'all-rules-off': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      quiet: { type: 'boolean', default: false },
    },
  });
  const count = (name: keyof typeof DEFAULTS) => countOf(name, values[name] ?? String(DEFAULTS[name]));
  return {
    bounds: {
      replicas: within(count('replicas'), 1, 4, 'replicas'),
      witnesses: within(count('witnesses'), 0, 3, 'witnesses'),
      numbers: count('numbers'),
      operations: count('operations'),
      crashes: count('crashes'),
      restarts: count('restarts'),
      losses: count('losses'),
    },
    model: {
      probes: oneOf('probes', values.probes, ['asked', 'granted'] as const),
      slowDisks: values['slow-disks'],
      lateNews: values['late-news'],
      ignored: listOf(values.ignore, ','),
    },
    limits: {
      order: oneOf('order', values.order, ['breadth', 'depth'] as const),
      states: count('states'),
      seconds: count('seconds'),
    },
    from: listOf(values.from, ';'),
    rulesOff: values['all-rules-off'] ? 'all' : (values['rule-off'] ?? null),
    asJson: values.json,
    isQuiet: values.quiet,
  };
}

function listOf(text: string, separator: string): string[] {
  const parts = text.split(separator).map((part) => part.trim());
  return parts.filter((part) => part !== '');
}

function countOf(name: string, text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new Error(`--${name} is "${text}"; it has to be a whole number, 0 or more.`);
}

function within(value: number, lowest: number, highest: number, name: string): number {
  if (value >= lowest && value <= highest) return value;
  throw new Error(`--${name} is ${value}; it has to be from ${lowest} to ${highest}.`);
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found) return found;
  throw new Error(`--${name} is "${value}"; it has to be one of ${allowed.join(', ')}.`);
}
