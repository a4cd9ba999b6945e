/** A source of randomness that can be replayed: equal seeds give equal sequences. */
export interface Random {
  /** A whole number, 0 ≤ n < 2³². */
  uint32(): number;
  /** A fraction, 0 ≤ x < 1. */
  fraction(): number;
  /** A whole number, `low` ≤ n < `high`; both whole, `low` < `high`, at most 2³² apart. */
  between(low: number, high: number): number;
  /** True with the given probability, 0 to 1. */
  chance(probability: number): boolean;
  /** One of the items of a non-empty list. */
  pick<T>(items: readonly T[]): T;
  /** A new generator, seeded from this one. What one of them draws never shifts what the other draws. */
  fork(): Random;
}

/**
 * xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018), 128 bits of state,
 * seeded through splitmix32 so that neighbouring seeds give unrelated sequences. Not for secrets.
 *
 * @param seed any string; the whole string counts, not only its first characters
 */
export function seededRandom(seed: string): Random {
  let hash = 2166136261 ^ seed.length;
  for (let index = 0; index < seed.length; index++) {
    hash = Math.imul(hash ^ seed.charCodeAt(index), 16777619);
  }
  // Each word starts from its own walk over the seed, so that the state holds more than one 32-bit hash of it.
  const state = [0, 0, 0, 0].map((_, word) => {
    let walk = hash ^ Math.imul(word + 1, 0x9e3779b9);
    for (let index = seed.length - 1; index >= 0; index--) {
      walk = splitmix32(walk ^ Math.imul(seed.charCodeAt(index) + word, 0x85ebca6b));
    }
    return splitmix32(walk);
  });
  return generator(state as [number, number, number, number]);
}

function splitmix32(value: number): number {
  let mixed = (value + 0x9e3779b9) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

function generator(state: [number, number, number, number]): Random {
  let [a, b, c, d] = state;
  if ((a | b | c | d) === 0) a = 1;

  const uint32 = (): number => {
    const scrambled = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return scrambled;
  };
  const fraction = (): number => uint32() / 4294967296;
  const between = (low: number, high: number): number => low + Math.floor(fraction() * (high - low));

  return {
    uint32,
    fraction,
    between,
    chance: (probability) => fraction() < probability,
    pick: (items) => items[between(0, items.length)]!,
    fork: () => generator([uint32(), uint32(), uint32(), uint32()]),
  };
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
