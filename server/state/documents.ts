import { assert } from '../../shared/assert.ts';
import { bytesOf } from '../../shared/documents.ts';
import type { DocumentKey } from '../../shared/ids.ts';
import { DOCUMENT_OVERHEAD_BYTES } from '../../shared/limits.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { wholeNumber } from './table-form.ts';

/** A document as it is now. Never changed: another value is another object. */
export interface Document {
  readonly key: DocumentKey;
  /** JSON text. Empty when compaction has removed it from the log: a later entry replaces or deletes such a document. */
  readonly value: string;
  /** What it takes of the room that there is for all; see {@link bytesTaken}. */
  readonly bytes: number;
  /** The op that created it, since the last time that there was none of this key. */
  readonly createdAtOp: number;
  /** The op whose row holds the value. */
  readonly changedAtOp: number;
  /** Milliseconds since 1970, of the entry that created it. */
  readonly createdAt: number;
  /** Likewise, of the one that holds the value. */
  readonly changedAt: number;
}

export const DOCUMENTS = {
  name: 'documents',
  columns: ['key', 'created_op', 'changed_op', 'created_at', 'changed_at', 'value'],
} as const;

/** So many code units of values are made into rows at a time: a few milliseconds of work. */
const PIECE_LENGTH = 1024 * 1024;
/** For the many small ones. */
const PIECE_ROWS = 1000;

/** The present documents by their keys, in the order of their creation. Values are in memory. */
export class Documents {
  readonly #byKey = new Map<DocumentKey, Document>();
  #bytes = 0;

  /** What all of them take: the values in UTF-8, and {@link DOCUMENT_OVERHEAD_BYTES} for each. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#byKey.size;
  }

  all(): IterableIterator<Document> {
    return this.#byKey.values();
  }

  find(key: string): Document | undefined {
    return this.#byKey.get(key as DocumentKey);
  }

  /** `document:set`. @returns the document as it was before */
  set({ op, time, subject, body }: LogEntry): Document | undefined {
    const key = subject as DocumentKey;
    const before = this.#byKey.get(key);
    const { createdAtOp, createdAt } = before ?? { createdAtOp: op, createdAt: time };
    this.#put({ key, value: body, bytes: bytesTaken(body), createdAtOp, changedAtOp: op, createdAt, changedAt: time });
    return before;
  }

  /** `document:delete`. @returns the document as it was before */
  delete(key: string): Document | undefined {
    const before = this.find(key);
    if (before === undefined) return undefined;
    this.#byKey.delete(before.key);
    this.#bytes -= before.bytes;
    return before;
  }

  /** The rows of the snapshot's table as they are at the call, piece by piece; documents may come and go while they are taken. */
  pieces(): Iterable<string[][]> {
    return piecesOf([...this.#byKey.values()]);
  }

  /** Takes the next row of that table: all of them, in order, before anything else. */
  restoreRow(cells: readonly string[]): Document {
    const [key, createdOp, changedOp, createdAt, changedAt, value] = cells;
    assert(value !== undefined, `a row of documents has ${DOCUMENTS.columns.length} cells, not ${cells.length}`);
    return this.#put({
      key: key as DocumentKey,
      value,
      bytes: bytesTaken(value),
      createdAtOp: wholeNumber(createdOp!, 'documents.created_op'),
      changedAtOp: wholeNumber(changedOp!, 'documents.changed_op'),
      createdAt: wholeNumber(createdAt!, 'documents.created_at'),
      changedAt: wholeNumber(changedAt!, 'documents.changed_at'),
    });
  }

  #put(document: Document): Document {
    const before = this.#byKey.get(document.key);
    if (before) this.#bytes -= before.bytes;
    this.#byKey.set(document.key, document);
    this.#bytes += document.bytes;
    return document;
  }
}

/** What a document with this value takes of the room that there is for all. */
export function bytesTaken(value: string): number {
  return DOCUMENT_OVERHEAD_BYTES + bytesOf(value);
}

function* piecesOf(documents: readonly Document[]): Generator<string[][]> {
  let piece: string[][] = [];
  let length = 0;
  for (const document of documents) {
    piece.push(cellsOf(document));
    length += document.value.length;
    if (piece.length < PIECE_ROWS && length < PIECE_LENGTH) continue;
    yield piece;
    piece = [];
    length = 0;
  }
  if (piece.length > 0) yield piece;
}

function cellsOf({ key, value, createdAtOp, changedAtOp, createdAt, changedAt }: Document): string[] {
  return [key, String(createdAtOp), String(changedAtOp), String(createdAt), String(changedAt), value];
}
