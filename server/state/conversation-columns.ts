const CHUNK_BITS = 10;
const CHUNK_SIZE = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_SIZE - 1;
/** Conversations are found through many small tables, so that none of the pauses that growing makes is noticed. */
const PARTS = 256;
const FIRST_CAPACITY = 16;
/** In the place of the first account: the second number is that of a room. */
const ROOM = 0xffffffff;

interface Chunk {
  ones: Uint32Array;
  others: Uint32Array;
  lastOps: Float64Array;
}

interface Part {
  /** Number of a conversation, plus one; 0 where nothing is. */
  slots: Uint32Array;
  used: number;
}

/**
 * What is known of each conversation by its number, without an object for any: its two ends, which are numbers of accounts, or the
 * number of its room; and the op that last changed anything in it. Those of two accounts are found by these.
 */
export class ConversationColumns {
  length = 0;
  readonly #chunks: Chunk[] = [];
  readonly #parts: (Part | undefined)[] = new Array(PARTS);

  /** @returns the number of the conversation of two accounts, or of one with itself; undefined when there is none */
  find(one: number, other: number): number | undefined {
    const low = Math.min(one, other);
    const high = Math.max(one, other);
    const hash = hashOf(low, high);
    const slots = this.#parts[hash % PARTS]?.slots;
    if (slots === undefined) return undefined;
    for (let slot = homeOf(hash, slots); slots[slot] !== 0; slot = next(slot, slots)) {
      const conversation: number = slots[slot]! - 1;
      const { ones, others } = this.#chunks[conversation >> CHUNK_BITS]!;
      const within = conversation & CHUNK_MASK;
      if (ones[within] === low && others[within] === high) return conversation;
    }
    return undefined;
  }

  /** @returns the number of a new conversation, which must not be {@link find}able */
  add(one: number, other: number): number {
    const low = Math.min(one, other);
    const high = Math.max(one, other);
    const conversation = this.#append(low, high);
    const hash = hashOf(low, high);
    this.#parts[hash % PARTS] ??= { slots: new Uint32Array(FIRST_CAPACITY), used: 0 };
    const part = this.#parts[hash % PARTS]!;
    if (4 * (part.used + 1) > 3 * part.slots.length) this.#grow(part);
    put(part.slots, hash, conversation);
    part.used++;
    return conversation;
  }

  /** @returns the number of a new conversation in a room */
  addRoom(room: number): number {
    return this.#append(ROOM, room);
  }

  isRoom(conversation: number): boolean {
    return this.#chunks[conversation >> CHUNK_BITS]!.ones[conversation & CHUNK_MASK] === ROOM;
  }

  /** The number of its room; it must be in one. */
  room(conversation: number): number {
    return this.#chunks[conversation >> CHUNK_BITS]!.others[conversation & CHUNK_MASK]!;
  }

  /** One of the two accounts that it is between. */
  one(conversation: number): number {
    return this.#chunks[conversation >> CHUNK_BITS]!.ones[conversation & CHUNK_MASK]!;
  }

  /** The account at the other end, which is the same one when it talks to itself. */
  otherThan(account: number, conversation: number): number {
    const { ones, others } = this.#chunks[conversation >> CHUNK_BITS]!;
    const within = conversation & CHUNK_MASK;
    return ones[within] === account ? others[within]! : ones[within]!;
  }

  /** The op of the latest message, or of the latest change of one. */
  lastOp(conversation: number): number {
    return this.#chunks[conversation >> CHUNK_BITS]!.lastOps[conversation & CHUNK_MASK]!;
  }

  setLastOp(conversation: number, op: number): void {
    this.#chunks[conversation >> CHUNK_BITS]!.lastOps[conversation & CHUNK_MASK] = op;
  }

  #append(one: number, other: number): number {
    const within = this.length & CHUNK_MASK;
    if (within === 0) this.#chunks.push(newChunk());
    const chunk = this.#chunks[this.length >> CHUNK_BITS]!;
    chunk.ones[within] = one;
    chunk.others[within] = other;
    return this.length++;
  }

  #grow(part: Part): void {
    const { slots } = part;
    part.slots = new Uint32Array(2 * slots.length);
    for (const slot of slots) {
      if (slot === 0) continue;
      const { ones, others } = this.#chunks[(slot - 1) >> CHUNK_BITS]!;
      const within = (slot - 1) & CHUNK_MASK;
      put(part.slots, hashOf(ones[within]!, others[within]!), slot - 1);
    }
  }
}

function hashOf(low: number, high: number): number {
  let hash = Math.imul(low, 0x9e3779b1);
  hash = Math.imul((hash ^ (hash >>> 15)) + high, 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function homeOf(hash: number, slots: Uint32Array): number {
  return (hash >>> 8) & (slots.length - 1);
}

function next(slot: number, slots: Uint32Array): number {
  return (slot + 1) & (slots.length - 1);
}

function put(slots: Uint32Array, hash: number, conversation: number): void {
  let slot = homeOf(hash, slots);
  while (slots[slot] !== 0) slot = next(slot, slots);
  slots[slot] = conversation + 1;
}

function newChunk(): Chunk {
  return {
    ones: new Uint32Array(CHUNK_SIZE),
    others: new Uint32Array(CHUNK_SIZE),
    lastOps: new Float64Array(CHUNK_SIZE),
  };
}
