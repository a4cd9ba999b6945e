import type { Key } from './model.ts';

const ROWS_BY_KEY: Readonly<Record<string, (height: number) => number>> = {
  up: () => -1,
  down: () => 1,
  'wheel-up': () => -3,
  'wheel-down': () => 3,
  'page-up': (height) => 1 - height,
  'page-down': (height) => height - 1,
};

/** `value` moved by a key, within 0 to `most`; undefined when the key moves nothing. */
export function movedByKey(value: number, key: Key, height: number, most: number): number | undefined {
  const by = key.type === 'named' ? ROWS_BY_KEY[key.name] : undefined;
  return by && Math.max(0, Math.min(value + by(Math.max(2, height)), most));
}
