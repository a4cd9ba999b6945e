import { hash } from 'node:crypto';
import type { Random } from '../../shared/random.ts';

/** The bytes of a file after something happened to them, and what it was. */
export interface Mutation {
  what: string;
  bytes: Buffer;
}

type Mutate = (bytes: Buffer, random: Random) => Mutation;

const LINE_FEED = 10;
/** Longer than any piece in which files are read. */
const LONG_CELL = 300_000;
const HUGE_NUMBERS = ['9007199254740993', '99999999999999999999', '-1', '1e308', '0x10', '00', '4294967296', 'NaN'];
const INVALID_UTF8 = [Buffer.of(0xff), Buffer.of(0xc0, 0x80), Buffer.of(0xed, 0xa0, 0x80), Buffer.of(0xf5, 0x80)];
const SIGNS = ['"', '""', ',', ',"', '"\n', "'", "'=", '\\', '\\n', '\r', '\r\n', '\t', ';', '\uFEFF', '\n', '\n\n'];

/** A place that is often near an end, where most special cases are. */
function placeIn(bytes: Buffer, random: Random): number {
  const { length } = bytes;
  if (random.chance(0.2)) return Math.min(length, random.between(0, 80));
  if (random.chance(0.25)) return Math.max(0, length - random.between(0, 200));
  return random.between(0, length + 1);
}

function stretchOf(bytes: Buffer, random: Random): [from: number, to: number] {
  const from = placeIn(bytes, random);
  const length = random.chance(0.7) ? random.between(1, 40) : random.between(1, bytes.length + 2);
  return [from, Math.min(bytes.length, from + length)];
}

function replaced(bytes: Buffer, from: number, to: number, by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(to)]);
}

function inserted(bytes: Buffer, random: Random, what: string, some: Uint8Array): Mutation {
  const at = placeIn(bytes, random);
  return { what: `${what} at byte ${at}`, bytes: replaced(bytes, at, at, some) };
}

/** Where each line begins, and where the last one ends. */
function linesOf(bytes: Buffer): number[] {
  const starts = [0];
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) starts.push(at + 1);
  if (starts.at(-1) !== bytes.length) starts.push(bytes.length);
  return starts;
}

function someLine(bytes: Buffer, random: Random): [from: number, to: number] {
  const starts = linesOf(bytes);
  const line = random.between(0, Math.max(1, starts.length - 1));
  return [starts[line]!, starts[line + 1] ?? bytes.length];
}

const MUTATIONS: readonly Mutate[] = [
  (bytes, random) => {
    const changed = Buffer.from(bytes);
    const at = Math.min(placeIn(bytes, random), Math.max(0, bytes.length - 1));
    if (changed.length > 0) changed[at]! ^= 1 << random.between(0, 8);
    return { what: `a flipped bit at byte ${at}`, bytes: changed };
  },
  (bytes, random) => {
    const some = Buffer.from(Array.from({ length: random.between(1, 9) }, () => random.between(0, 256)));
    return inserted(bytes, random, `${some.length} bytes inserted`, some);
  },
  (bytes, random) => inserted(bytes, random, 'invalid UTF-8 inserted', random.pick(INVALID_UTF8)),
  (bytes, random) => {
    const sign = random.pick(SIGNS);
    return inserted(bytes, random, `${JSON.stringify(sign)} inserted`, Buffer.from(sign));
  },
  (bytes, random) => {
    const [from, to] = stretchOf(bytes, random);
    return { what: `bytes ${from} to ${to} removed`, bytes: replaced(bytes, from, to, Buffer.alloc(0)) };
  },
  (bytes, random) => {
    const [from, to] = stretchOf(bytes, random);
    return { what: `bytes ${from} to ${to} there twice`, bytes: replaced(bytes, to, to, bytes.subarray(from, to)) };
  },
  (bytes, random) => {
    const [from, to] = stretchOf(bytes, random);
    return { what: `NULs from byte ${from} to ${to}`, bytes: replaced(bytes, from, to, Buffer.alloc(to - from)) };
  },
  (bytes, random) => {
    const [from, to] = stretchOf(bytes, random);
    const noise = Buffer.from(Array.from({ length: to - from }, () => random.between(0, 256)));
    return { what: `noise from byte ${from} to ${to}`, bytes: replaced(bytes, from, to, noise) };
  },
  (bytes, random) => {
    const at = random.chance(0.1) ? 0 : placeIn(bytes, random);
    return { what: `cut at byte ${at}`, bytes: bytes.subarray(0, at) };
  },
  (bytes, random) => {
    const length = random.between(1, 9000);
    return { what: `${length} NULs at the end`, bytes: Buffer.concat([bytes, Buffer.alloc(length)]) };
  },
  (bytes, random) => {
    const [from, to] = someLine(bytes, random);
    return { what: `the line at byte ${from} removed`, bytes: replaced(bytes, from, to, Buffer.alloc(0)) };
  },
  (bytes, random) => {
    const [from, to] = someLine(bytes, random);
    const [at] = someLine(bytes, random);
    return {
      what: `the line at byte ${from} there again at byte ${at}`,
      bytes: replaced(bytes, at, at, bytes.subarray(from, to)),
    };
  },
  (bytes, random) => {
    const [first, second] = [someLine(bytes, random), someLine(bytes, random)].sort((a, b) => a[0] - b[0]);
    const [[from, to], [nextFrom, nextTo]] = [first!, second!];
    if (from === nextFrom) return { what: 'nothing', bytes };
    const pieces = [
      bytes.subarray(0, from),
      bytes.subarray(nextFrom, nextTo),
      bytes.subarray(to, nextFrom),
      bytes.subarray(from, to),
      bytes.subarray(nextTo),
    ];
    return { what: `the lines at bytes ${from} and ${nextFrom} swapped`, bytes: Buffer.concat(pieces) };
  },
  (bytes, random) => {
    const numbers = [...bytes.toString('latin1').matchAll(/\d+/g)];
    const found = numbers[random.between(0, Math.max(1, numbers.length))];
    if (!found) return { what: 'nothing', bytes };
    const number = random.pick(HUGE_NUMBERS);
    const { index } = found;
    return {
      what: `${number} instead of the number at byte ${index}`,
      bytes: replaced(bytes, index, index + found[0].length, Buffer.from(number)),
    };
  },
  (bytes, random) => {
    const letter = random.pick(['x', '"', ',', '7', 'é']);
    return inserted(bytes, random, `a long run of ${letter}`, Buffer.from(letter.repeat(LONG_CELL)));
  },
];

/** @param others files of which pieces may get in, as when a file system mixes them up */
export function mutate(bytes: Buffer, others: readonly Buffer[], random: Random): Mutation {
  const isSpliced = others.length > 0 && random.chance(0.08);
  const first = isSpliced ? splice(bytes, random.pick(others), random) : random.pick(MUTATIONS)(bytes, random);
  if (!random.chance(0.2)) return first;
  const second = random.pick(MUTATIONS)(first.bytes, random);
  return { what: `${first.what}, ${second.what}`, bytes: second.bytes };
}

function splice(bytes: Buffer, other: Buffer, random: Random): Mutation {
  const at = placeIn(bytes, random);
  const from = random.chance(0.3) ? 0 : placeIn(other, random);
  const what = `the end of another file, from its byte ${from}, in place of what stood after byte ${at}`;
  return { what, bytes: Buffer.concat([bytes.subarray(0, at), other.subarray(from)]) };
}

/** A file of keys and values whose last row fits what stands above it again: as if somebody had written it so. */
export function resealed({ what, bytes }: Mutation): Mutation {
  const text = bytes.toString('utf8');
  const covered = text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1);
  return { what: `${what}, resealed`, bytes: Buffer.from(`${covered}sha256,${hash('sha256', covered)}\n`) };
}
