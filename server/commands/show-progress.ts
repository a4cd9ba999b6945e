import { Progress } from '../../shared/progress.ts';

/** Shows on standard error how far something is. */
export function showProgress(what: string): Progress {
  return new Progress(what, process.stderr, () => performance.now());
}
