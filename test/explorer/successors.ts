import type { Model, World } from './model.ts';
import { type Move, movesOf } from './moves.ts';
import { type Cut, Transition } from './transition.ts';

/** One way in which a state can go on. */
export interface Successor {
  readonly transition: Transition;
  readonly move: Move;
  readonly cut: Cut | null;
}

/** Every way, a crash in the midst of each move included. */
export function* successorsOf(model: Model, world: World, isTold = false): Generator<Successor> {
  const mayCrash = world.history.used.crashes < model.bounds.crashes;
  for (const move of movesOf(model, world)) {
    const whole = new Transition(model, world, { isTold });
    if (!move.run(whole)) continue;
    yield { transition: whole, move, cut: null };
    if (!mayCrash || move.isWhole) continue;
    for (const [step, places] of whole.places.entries()) {
      for (let place = 0; place < places; place++) {
        const cut = { step, place };
        const stopped = new Transition(model, world, { isTold, cut });
        move.run(stopped);
        yield { transition: stopped, move, cut };
      }
    }
  }
}

/** As it is written in a trace. */
export function codeOf(move: Move, cut: Cut | null): string {
  return cut ? `${move.code()} !${cut.step}.${cut.place}` : move.code();
}
