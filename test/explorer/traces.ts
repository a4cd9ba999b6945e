import { decode, encode, type Model, type World } from './model.ts';
import type { Store } from './store.ts';
import { codeOf, successorsOf } from './successors.ts';
import type { Transition } from './transition.ts';

/** A step of a trace. */
export interface TraceStep {
  readonly code: string;
  readonly story: readonly string[];
}

/** The moves that led to a state, found again by trying each one's successors; and the last one. */
export function traceTo(model: Model, store: Store, last: number, lastCode: string): TraceStep[] {
  const path: number[] = [];
  for (let number = last; number >= 0; number = store.parentOf(number)) path.unshift(number);
  const trace: TraceStep[] = [];
  for (const [index, number] of path.entries()) {
    const { chunk, offset } = store.locate(number);
    const target = path[index + 1];
    const step = findStep(model, decode(model, chunk, offset), (transition, code) => {
      if (target === undefined) return code === lastCode;
      const wanted = store.locate(target);
      const after = new Int32Array(store.width);
      encode(transition.finish(), after);
      return after.every((value, at) => value === wanted.chunk[wanted.offset + at]);
    });
    if (!step) throw new Error('a state has no way to it; this is a mistake in the explorer');
    trace.push(step.told);
  }
  return trace;
}

type Choice = (transition: Transition, code: string) => boolean;

function findStep(model: Model, world: World, isIt: Choice): { told: TraceStep; transition: Transition } | undefined {
  for (const { transition, move, cut } of successorsOf(model, world, true)) {
    const code = codeOf(move, cut);
    if (isIt(transition, code)) return { told: { code, story: transition.story }, transition };
  }
  return undefined;
}

/** Follows a guided start, move by move. @throws Error naming the move that is not possible, and those that are */
export function follow(model: Model, start: World, codes: readonly string[]): { world: World; trace: TraceStep[] } {
  let world = start;
  const trace: TraceStep[] = [];
  for (const wanted of codes) {
    const step = findStep(model, world, (_transition, code) => code === wanted);
    if (!step) {
      const possible = [...successorsOf(model, world)].map(({ move, cut }) => codeOf(move, cut));
      throw new Error(`"${wanted}" cannot happen here. What can: ${possible.join('; ')}.`);
    }
    trace.push(step.told);
    if (step.transition.broken !== '') throw new Error(`"${wanted}" breaks ${step.transition.broken}`);
    world = step.transition.finish();
  }
  return { world, trace };
}
