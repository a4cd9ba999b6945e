import type { Result } from '../../shared/errors.ts';
import type { LocalServer, ServerAction } from '../../shared/local-servers.ts';

/** Servers of this machine that may be ended and started from the screen; whoever started them gives this to the UI. */
export interface ClusterControl {
  /** All of them, whatever their state. */
  readonly servers: readonly LocalServer[];
  /**
   * Calls back whenever one changes its state or tells another commit number.
   *
   * @returns ends that
   */
  onChange(listener: () => void): () => void;
  /** Resolves when it is done, or with why it was not: a sentence for people. */
  control(action: ServerAction, address: string): Promise<Result<object>>;
}
