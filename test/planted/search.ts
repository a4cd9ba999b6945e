import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PlantedBug } from './planted-bug.ts';

/** What became of the search for one planted bug. */
export interface Finding {
  bug: PlantedBug;
  /** Counted from 1; null when it was not found. */
  firstRun: number | null;
  /** In how many of the first {@link sampled} runs it was found. */
  found: number;
  sampled: number;
  tried: number;
  /** The first words of what was found first; empty when nothing was. */
  violation: string;
  seconds: number;
}

export interface SearchLimits {
  seed: string;
  /** So many runs at most. */
  runs: number;
  /** The first so many runs are all done, whether or not it was found before. */
  sample: number;
}

interface Failure {
  /** Counted from 1. */
  run: number;
  violation: string;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FAILURE = /^FAILED, run \S*-(\d+): (.*)$/gm;
const VIOLATION_LENGTH = 100;

/** The runs of the sample that fail without any bug: they say nothing about one. */
export async function failuresWithoutBug(options: readonly string[], limits: SearchLimits): Promise<Set<number>> {
  const { seed, sample } = limits;
  const failures = await simulate(undefined, options, { seed, first: 0, runs: sample, failures: sample });
  return new Set(failures.map(({ run }) => run));
}

/**
 * Looks for a planted bug in a sample of runs, and goes on up to the limit if it is in none of these.
 *
 * @param failing the runs of the sample that fail anyway
 */
export async function searchFor(
  bug: PlantedBug,
  { seed, runs, sample }: SearchLimits,
  failing: ReadonlySet<number>,
): Promise<Finding> {
  const startedAtMs = performance.now();
  const inSample = await simulate(bug, bug.options, { seed, first: 0, runs: sample, failures: sample });
  const found = inSample.filter(({ run }) => !failing.has(run));
  const first = found[0] ?? (await searchOn(bug, seed, sample, runs));
  return {
    bug,
    firstRun: first?.run ?? null,
    found: found.length,
    sampled: sample,
    tried: first ? Math.max(first.run, sample) : Math.max(runs, sample),
    violation: first?.violation.slice(0, VIOLATION_LENGTH) ?? '',
    seconds: (performance.now() - startedAtMs) / 1000,
  };
}

async function searchOn(bug: PlantedBug, seed: string, from: number, runs: number): Promise<Failure | undefined> {
  for (let first = from; first < runs; ) {
    const [failure] = await simulate(bug, bug.options, { seed, first, runs: runs - first, failures: 1 });
    if (!failure) return undefined;
    const [anyway] = await simulate(undefined, bug.options, { seed, first: failure.run - 1, runs: 1, failures: 1 });
    if (!anyway) return failure;
    first = failure.run;
  }
  return undefined;
}

/** @throws Error with what it wrote when the simulator itself failed, so that a bug that breaks it at once is not "found" */
async function simulate(
  bug: PlantedBug | undefined,
  options: readonly string[] = [],
  limits: { seed: string; first: number; runs: number; failures: number },
): Promise<Failure[]> {
  const planting = bug ? ['--import', './test/planted/register.js'] : [];
  const words = Object.entries(limits).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(
    process.execPath,
    [...planting, '--import', 'tsx', 'test/simulator/run.ts', '--workers', '1', '--shrink', '0', ...words, ...options],
    {
      cwd: ROOT,
      env: { ...process.env, UNDERSTUDY_PLANTED: bug?.name },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const [written, complaints] = [collect(child.stdout), collect(child.stderr)];
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const failures = [...written().matchAll(FAILURE)].map(([, run, violation]) => ({
    run: Number(run) + 1,
    violation: violation!,
  }));
  if (status !== (failures.length > 0 ? 1 : 0)) {
    const what = bug ? `it looked for ${bug.name}` : 'it ran without a bug';
    throw new Error(`The simulator ended with ${status} while ${what}:\n${complaints() || written()}`);
  }
  return failures;
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  return () => text;
}
