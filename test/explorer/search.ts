import { brokenInState } from './invariants.ts';
import { decode, encode, type Model, type World } from './model.ts';
import { Store } from './store.ts';
import { codeOf, successorsOf } from './successors.ts';
import { type TraceStep, traceTo } from './traces.ts';

/** Where a search stops, besides at its bounds. */
export interface Limits {
  readonly order: 'breadth' | 'depth';
  readonly states: number;
  readonly seconds: number;
}

export interface SearchResult {
  readonly states: number;
  readonly transitions: number;
  /** Moves from the start to the furthest state (breadth-first: as few as possible). */
  readonly depth: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly exhausted: boolean;
  /** Null when every invariant held in all states found. */
  readonly violation: { broken: string; trace: readonly TraceStep[] } | null;
}

/** Looks at every state that can be reached from `start`, within the bounds and limits, until an invariant breaks. */
export function search(
  model: Model,
  start: World,
  limits: Limits,
  onProgress: (states: number, depth: number) => void = () => {},
): SearchResult {
  const startedAtMs = performance.now();
  const usedBefore = process.cpuUsage();
  const frontier = new Frontier(new Store(model.names.length + 2), limits.order, onProgress);
  frontier.add(start, -1);
  const { store } = frontier;
  const secondsSoFar = () => (performance.now() - startedAtMs) / 1000;
  let transitions = 0;
  let isCut = false;
  let seen: { broken: string; parent: number; code: string } | null = null;
  for (let parent = frontier.take(); parent >= 0 && !seen && !isCut; parent = frontier.take()) {
    const { chunk, offset } = store.locate(parent);
    for (const { transition, move, cut } of successorsOf(model, decode(model, chunk, offset))) {
      transitions += 1;
      const after = transition.finish();
      const broken = transition.broken || model.histories.judge(brokenInState(after));
      if (broken !== '') {
        seen = { broken, parent, code: codeOf(move, cut) };
        break;
      }
      frontier.add(after, parent);
    }
    isCut = !seen && (store.count >= limits.states || secondsSoFar() > limits.seconds);
  }
  const used = process.cpuUsage(usedBefore);
  return {
    states: store.count,
    transitions,
    depth: frontier.depth,
    seconds: secondsSoFar(),
    cpuSeconds: (used.user + used.system) / 1e6,
    exhausted: !isCut && !seen,
    violation: seen && { broken: seen.broken, trace: traceTo(model, store, seen.parent, seen.code) },
  };
}

/** The states found, and which of them is looked at next. */
class Frontier {
  readonly store: Store;
  depth = 0;
  readonly #found: Int32Array;
  /** Depth-first: states not looked at yet, with their depths. */
  readonly #stack: { state: number; depth: number }[] | null;
  readonly #onProgress: (states: number, depth: number) => void;
  #parentDepth = -1;
  #next = 0;
  #levelEnd = 1;

  constructor(store: Store, order: Limits['order'], onProgress: (states: number, depth: number) => void) {
    this.store = store;
    this.#found = new Int32Array(store.width);
    this.#stack = order === 'depth' ? [] : null;
    this.#onProgress = onProgress;
  }

  add(world: World, parent: number): void {
    encode(world, this.#found);
    const state = this.store.add(this.#found, parent);
    if (state >= 0) this.#stack?.push({ state, depth: this.#parentDepth + 1 });
  }

  /** @returns −1 when all have been looked at */
  take(): number {
    if (this.#stack) {
      const top = this.#stack.pop();
      if (!top) return -1;
      this.#parentDepth = top.depth;
      this.depth = Math.max(this.depth, top.depth);
      return top.state;
    }
    if (this.#next === this.store.count) return -1;
    if (this.#next === this.#levelEnd) {
      this.#levelEnd = this.store.count;
      this.depth += 1;
      this.#onProgress(this.store.count, this.depth);
    }
    return this.#next++;
  }
}
