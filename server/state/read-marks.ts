import { assert } from '../../shared/assert.ts';
import type { AccountId, ConversationEnd } from '../../shared/ids.ts';

const CHUNK_BITS = 10;
const CHUNK_SIZE = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_SIZE - 1;

/** An account has seen everything up to a position in a conversation. */
export interface ReadMark {
  account: AccountId;
  with: ConversationEnd;
  position: number;
}

/**
 * The body of a `conversation:read` entry: `ACCOUNT/WITH=POSITION`, space-separated. The primary makes it, so another form
 * is a bug of this program.
 */
export function parseReadMarks(body: string): ReadMark[] {
  if (body === '') return [];
  return body.split(' ').map((text) => {
    const match = /^(\d{1,15})\/(\d{1,15})=(\d{1,15})$/.exec(text);
    assert(match, `a read mark is ACCOUNT/WITH=POSITION, not ${JSON.stringify(text)}`);
    return { account: match[1] as AccountId, with: match[2] as ConversationEnd, position: Number(match[3]) };
  });
}

/** The inverse of {@link parseReadMarks}. */
export function formatReadMarks(marks: readonly ReadMark[]): string {
  return marks.map((mark) => `${mark.account}/${mark.with}=${mark.position}`).join(' ');
}

/** Up to where each of two accounts has read their conversation: two numbers where there are any, and no object. */
export class ReadMarks {
  readonly #chunks: (Float64Array | undefined)[] = [];

  /** @param side 0 or 1, for the one and the other account of a conversation. @returns 0 without a mark */
  get(conversation: number, side: number): number {
    return this.#chunks[conversation >> CHUNK_BITS]?.[2 * (conversation & CHUNK_MASK) + side] ?? 0;
  }

  set(conversation: number, side: number, position: number): void {
    this.#chunks[conversation >> CHUNK_BITS] ??= new Float64Array(2 * CHUNK_SIZE);
    this.#chunks[conversation >> CHUNK_BITS]![2 * (conversation & CHUNK_MASK) + side] = position;
  }

  /** Every mark that was set, by conversation. */
  *all(): Generator<{ conversation: number; side: number; position: number }> {
    for (const [index, chunk] of this.#chunks.entries()) {
      if (chunk === undefined) continue;
      for (const [place, position] of chunk.entries()) {
        if (position > 0) yield { conversation: index * CHUNK_SIZE + (place >> 1), side: place & 1, position };
      }
    }
  }
}
