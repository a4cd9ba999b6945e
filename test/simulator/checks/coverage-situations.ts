import type { Coverage } from './coverage.ts';
import type { RuleNote } from './coverage-expected.ts';
import type { StepFacts } from './step-facts.ts';

/** A server as somebody sees it who looks at all of them. */
export interface SeenServer {
  /** Null while its process does not run. */
  readonly facts: StepFacts | null;
  /** The process or its machine stands still. */
  readonly isPaused: boolean;
}

/** Notes what a crash meets that no single server can see. To be called before the crash. */
export function observeCrash(coverage: Coverage, crashing: SeenServer, others: readonly SeenServer[]): void {
  const { facts } = crashing;
  if (!facts) return;
  const isCopying = facts.copyPurpose === 'join' || facts.copyPurpose === 'accept';
  const isOutside = !facts.isListed;
  const isPrimaryPaused = others.some(({ facts: other, isPaused }) => other?.isPrimary && isPaused);
  if (isCopying && isOutside && isPrimaryPaused) {
    coverage.note('R14 joiner crashes during transfer while the primary is paused' satisfies RuleNote);
  }
}
