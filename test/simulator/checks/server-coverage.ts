import type { Input, Output, PeerMessage } from '../../../server/replication/messages.ts';
import type { Address } from '../../../shared/ids.ts';
import type { Coverage } from './coverage.ts';
import { observeStep } from './observe-step.ts';
import { type FactsSource, factsOf, type StepFacts } from './step-facts.ts';

/**
 * Follows one life of a server whose steps nobody sees: it is shown what is given to the server and what comes out, and looks at
 * the state in between. What waits in the server for a write counts as brought about by the next thing that happens to it.
 */
export class ServerCoverage {
  readonly #coverage: Coverage;
  #last: StepFacts;
  #outputs: Output[] = [];

  /** @param source the state as this life begins with it */
  constructor(coverage: Coverage, source: FactsSource) {
    this.#coverage = coverage;
    this.#last = factsOf(source);
  }

  /** How the server stood when it was looked at last. */
  get facts(): StepFacts {
    return this.#last;
  }

  /** It sends a message. */
  sent(to: Address, message: PeerMessage): void {
    this.did({ type: 'send', to, message });
  }

  /** It does something else that shows, such as setting entries aside. */
  did(output: Output): void {
    this.#outputs.push(output);
  }

  /** It is given something: `give` has to hand it over before it returns. */
  given(source: () => FactsSource, input: Input, give: () => void): void {
    this.#look(source(), { type: 'tick' });
    give();
    this.#look(source(), input);
  }

  /** Time has passed for it, or a write has ended. */
  turn(source: FactsSource): void {
    this.#look(source, { type: 'tick' });
  }

  #look(source: FactsSource, input: Input): void {
    const before = this.#last;
    this.#last = factsOf(source);
    const outputs = this.#outputs;
    this.#outputs = [];
    observeStep(this.#coverage, { before, after: this.#last, input, outputs });
  }
}
