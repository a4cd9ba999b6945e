import type { Input, Output, PeerMessage } from '../../../server/replication/messages.ts';
import { type Address, sameView } from '../../../shared/ids.ts';
import type { Coverage } from './coverage.ts';
import { observeStep } from './observe-step.ts';
import { type FactsSource, factsOf, type StepFacts } from './step-facts.ts';

/**
 * Follows one life of a server whose steps nobody sees: it is shown what is given to the server and what comes out, and looks at
 * the state in between. A promise and an acceptance wait in the server for a write, and count as brought about by what was asked;
 * whatever else waits, by the next thing that happens to it.
 */
export class ServerCoverage {
  readonly #coverage: Coverage;
  #last: StepFacts;
  #outputs: Output[] = [];
  /** Questions whose answers have to be written first. */
  #asked: Question | null = null;

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
    const asked = this.#asked;
    if (asked && output.type === 'send' && isAnswer(output.message, asked)) {
      this.#asked = null;
      const outputs = [output];
      observeStep(this.#coverage, { before: this.#last, after: this.#last, input: asked, outputs });
    } else this.#outputs.push(output);
  }

  /** It is given something: `give` has to hand it over before it returns. */
  given(source: () => FactsSource, input: Input, give: () => void): void {
    this.#look(source(), { type: 'tick' });
    if (input.type === 'message') {
      if (isQuestion(input)) this.#asked = input;
      // From here on it is the copy that an acceptance follows.
      else if (input.message.type === 'log-chunk') this.#asked = null;
    }
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

type Question = Input & { type: 'message' };

function isQuestion({ message }: Question): boolean {
  return message.type === 'start-view' || (message.type === 'start-view-change' && !message.probe);
}

function isAnswer(message: PeerMessage, { message: asked }: Question): boolean {
  if (message.type === 'promise' && asked.type === 'start-view-change')
    return !message.probe && sameView(message.number, asked.number);
  return message.type === 'view-ok' && asked.type === 'start-view' && sameView(message.number, asked.record.number);
}
