import { hash } from 'node:crypto';
import type { EntryFields } from '../../shared/operations.ts';

/**
 * Rule R24: a row has its body; or compaction has removed it and kept its digest; or it has left a part of it, with the digest
 * of the whole, and in the place of the nonce a digest of the part.
 */
export type RowForm = 'whole' | 'part' | 'removed';

type Body = Pick<EntryFields, 'nonce' | 'body' | 'removedDigest'>;

const HEX_32 = /^[0-9a-f]{32}$/;
const HEX_64 = /^[0-9a-f]{64}$/;

/** Rule R24: says which body an entry has, or had, without saying anything about it to those who lack the nonce. */
export function bodyDigest({ nonce, body, removedDigest }: Body): string {
  if (removedDigest !== '' || body === '') return removedDigest;
  return hash('sha256', nonce + body);
}

/** @returns the form of a row with these cells; `whole` also when there never was a body; undefined when they do not fit together */
export function formOf(nonce: string, body: string, removedDigest: string): RowForm | undefined {
  if (removedDigest !== '' && !HEX_64.test(removedDigest)) return undefined;
  if (nonce === '' && body === '') return removedDigest === '' ? 'whole' : 'removed';
  if (!HEX_32.test(nonce) || body === '') return undefined;
  return removedDigest === '' ? 'whole' : 'part';
}

/** Whether a part is the one that was left: the chain says nothing about it. */
export function hasDigestOfPart(nonce: string, part: string, removedDigest: string): boolean {
  return nonce === digestOfPart(removedDigest, part);
}

function digestOfPart(removedDigest: string, part: string): string {
  return hash('sha256', removedDigest + part).slice(0, 32);
}

/**
 * What nonce, body and removed digest of an entry become when compaction leaves a part of its body: its digest, and so the
 * chain, stays as it is. An entry that never had a body keeps none.
 *
 * @param part empty to leave nothing
 */
export function shortened(entry: Body, part: string): Body {
  const removedDigest = bodyDigest(entry);
  if (removedDigest === '' || part === '') return { nonce: '', body: '', removedDigest };
  return { nonce: digestOfPart(removedDigest, part), body: part, removedDigest };
}
