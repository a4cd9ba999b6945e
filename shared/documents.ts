import { type Result, refusal, success } from './errors.ts';
import type { DocumentKey } from './ids.ts';
import { DOCUMENT_DEPTH_MAX, DOCUMENT_VALUE_MAX_BYTES } from './limits.ts';

const UUID4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** A document's key as it is stored: a UUID of version 4 in small letters. @returns `invalid-key` for anything else */
export function documentKey(typed: string): Result<DocumentKey> {
  const key = typed.toLowerCase();
  if (UUID4.test(key)) return success(key as DocumentKey);
  const shown = JSON.stringify(typed.length > 40 ? `${typed.slice(0, 40)}…` : typed);
  return refusal('invalid-key', `The key ${shown} is not a proper UUID4; make one, with uuidgen or randomUUID.`);
}

/**
 * The JSON text in which a document is kept, of what JSON.parse made of it.
 *
 * @returns `too-large` above 262,144 bytes of UTF-8; `bad-request` for what is no JSON, is nested deeper than 256 levels, or has a NUL or
 * half of a surrogate pair in it
 */
export function documentText(value: unknown): Result<string> {
  const fault = faultIn(value, DOCUMENT_DEPTH_MAX);
  if (fault !== undefined) return refusal('bad-request', `The document ${fault}.`);
  const text = JSON.stringify(value);
  const bytes = bytesOf(text);
  if (bytes <= DOCUMENT_VALUE_MAX_BYTES) return success(text);
  return refusal('too-large', `The document has ${bytes} bytes; at most ${DOCUMENT_VALUE_MAX_BYTES} are possible.`);
}

/** @param depth how many levels there may still be. @returns a clause; undefined when nothing is wrong */
function faultIn(value: unknown, depth: number): string | undefined {
  if (value === null || typeof value === 'boolean') return undefined;
  if (typeof value === 'string') return faultInText(value);
  if (typeof value === 'number')
    return Number.isFinite(value) ? undefined : `has the number ${value}, which JSON has not`;
  if (typeof value !== 'object')
    return `is ${value === undefined ? 'missing' : `a ${typeof value}`}; send a JSON value`;
  if (depth === 0) return `is nested deeper than ${DOCUMENT_DEPTH_MAX} levels; make it flatter`;
  if (Array.isArray(value)) return firstFault(value, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return 'has something in it that is no JSON, such as bytes';
  return firstFault(Object.keys(value), depth) ?? firstFault(Object.values(value), depth);
}

function firstFault(values: readonly unknown[], depth: number): string | undefined {
  for (const one of values) {
    const fault = faultIn(one, depth - 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultInText(text: string): string | undefined {
  if (text.includes('\0')) return 'has a NUL character, which cannot be stored; take it out';
  return text.isWellFormed() ? undefined : 'has half of a surrogate pair, which is no character; take it out';
}

/** Bytes of UTF-8 of a text without halves of surrogate pairs. */
export function bytesOf(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // A pair is two units and four bytes, one more for each.
    if (unit >= 0x80) bytes += unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}
