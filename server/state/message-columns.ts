import { firstIndexWhere } from './sorted.ts';

const CHUNK_BITS = 10;
const CHUNK_SIZE = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_SIZE - 1;

interface Chunk {
  positions: Float64Array;
  senders: Uint32Array;
  conversations: Uint32Array;
  /** Most chunks never have these. */
  deletedAtOps: Float64Array | undefined;
  editedAtOps: Float64Array | undefined;
  firstEditOps: Float64Array | undefined;
  changedAtOps: Float64Array | undefined;
}

/** What is known of each message by its number, without an object for any: 16 bytes, and some more where there were deletions, edits or reactions. */
export class MessageColumns {
  length = 0;
  readonly #chunks: Chunk[] = [];

  /** @param position the highest so far */
  add(position: number, sender: number, conversation: number): void {
    const within = this.length & CHUNK_MASK;
    if (within === 0) this.#chunks.push(newChunk());
    const chunk = this.#chunks[this.length >> CHUNK_BITS]!;
    chunk.positions[within] = position;
    chunk.senders[within] = sender;
    chunk.conversations[within] = conversation;
    this.length++;
  }

  position(message: number): number {
    return this.#chunks[message >> CHUNK_BITS]!.positions[message & CHUNK_MASK]!;
  }

  sender(message: number): number {
    return this.#chunks[message >> CHUNK_BITS]!.senders[message & CHUNK_MASK]!;
  }

  conversation(message: number): number {
    return this.#chunks[message >> CHUNK_BITS]!.conversations[message & CHUNK_MASK]!;
  }

  /** Op number of its deletion; 0 while it is there. */
  deletedAtOp(message: number): number {
    return this.#chunks[message >> CHUNK_BITS]!.deletedAtOps?.[message & CHUNK_MASK] ?? 0;
  }

  setDeleted(message: number, op: number): void {
    const chunk = this.#chunks[message >> CHUNK_BITS]!;
    chunk.deletedAtOps ??= new Float64Array(CHUNK_SIZE);
    chunk.deletedAtOps[message & CHUNK_MASK] = op;
  }

  /** Op number of its latest edit, whose row holds its text; 0 when it was never edited. */
  editedAtOp(message: number): number {
    return this.#chunks[message >> CHUNK_BITS]!.editedAtOps?.[message & CHUNK_MASK] ?? 0;
  }

  /** Op number of its first edit; 0 when it was never edited. */
  firstEditOp(message: number): number {
    return this.#chunks[message >> CHUNK_BITS]!.firstEditOps?.[message & CHUNK_MASK] ?? 0;
  }

  setEdited(message: number, op: number): void {
    const chunk = this.#chunks[message >> CHUNK_BITS]!;
    chunk.editedAtOps ??= new Float64Array(CHUNK_SIZE);
    chunk.firstEditOps ??= new Float64Array(CHUNK_SIZE);
    chunk.editedAtOps[message & CHUNK_MASK] = op;
    chunk.firstEditOps[message & CHUNK_MASK] ||= op;
  }

  /** The op whose row holds its text. */
  textAtOp(message: number): number {
    return this.editedAtOp(message) || this.position(message);
  }

  /** Op number of its latest edit, or of the latest reaction to it; 0 without any. */
  changedAtOp(message: number): number {
    return this.#chunks[message >> CHUNK_BITS]!.changedAtOps?.[message & CHUNK_MASK] ?? 0;
  }

  setChanged(message: number, op: number): void {
    const chunk = this.#chunks[message >> CHUNK_BITS]!;
    chunk.changedAtOps ??= new Float64Array(CHUNK_SIZE);
    chunk.changedAtOps[message & CHUNK_MASK] = op;
  }

  /** The messages that were edited. */
  *edited(): Generator<number> {
    for (const [index, { editedAtOps }] of this.#chunks.entries()) {
      if (editedAtOps === undefined) continue;
      for (const [within, op] of editedAtOps.entries()) if (op > 0) yield index * CHUNK_SIZE + within;
    }
  }

  /** The number of the first message above a position; `length` when there is none. */
  firstAbove(position: number): number {
    return firstIndexWhere(this.length, (message) => this.position(message) > position);
  }
}

function newChunk(): Chunk {
  return {
    positions: new Float64Array(CHUNK_SIZE),
    senders: new Uint32Array(CHUNK_SIZE),
    conversations: new Uint32Array(CHUNK_SIZE),
    deletedAtOps: undefined,
    editedAtOps: undefined,
    firstEditOps: undefined,
    changedAtOps: undefined,
  };
}
