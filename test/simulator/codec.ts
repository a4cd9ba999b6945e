import type { EntryCodec } from '../../server/storage/replica-storage.ts';
import { shortenEntry } from '../../server/storage/shorten-row.ts';
import type { LogEntry } from '../../shared/operations.ts';

/** Now and then a row fills a piece of the log. One string for all, so that it costs nothing. */
const LONG_ROW = 'x'.repeat(500_000);
const SHORT_ROW = 'x'.repeat(100);
const OPERATIONS_PER_LONG_ROW = 100;

/** Places, digests and rows that cost little: the digest only has to differ where histories differ. */
export const quickCodec: EntryCodec = {
  seal(drafts, place, nonce) {
    let chain = place.previousChain;
    return drafts.map((draft, index) => {
      const op = place.firstOp + index;
      const row = op % OPERATIONS_PER_LONG_ROW === 0 ? LONG_ROW : SHORT_ROW;
      const { view, time } = place;
      chain = mix(chain, `${op} ${view} ${time} ${draft.event} ${draft.client} ${draft.request} ${draft.subject}`);
      return { ...draft, op, view, time, nonce: draft.body === '' ? '' : nonce(), removedDigest: '', chain, row };
    });
  },
  open: () => ({ damage: 'these rows are never read' }),
};

/** What compaction leaves of an entry, of this codec or the real one. @param part of the body; empty for nothing */
export function shortenSimulated(entry: LogEntry, part: string): LogEntry {
  if (!entry.row.startsWith('x')) return shortenEntry(entry, part);
  const removedDigest = entry.removedDigest || mix(entry.nonce, entry.body);
  return { ...entry, nonce: part === '' ? '' : mix(removedDigest, part), body: part, removedDigest, row: SHORT_ROW };
}

function mix(chain: string, text: string): string {
  let low = Number.parseInt(chain.slice(0, 8), 16) | 0;
  let high = Number.parseInt(chain.slice(8, 16), 16) | 0;
  for (let index = 0; index < text.length; index++) {
    low = Math.imul(low ^ text.charCodeAt(index), 0x01000193);
    high = Math.imul(high ^ text.charCodeAt(index) ^ (low >>> 15), 0x85ebca6b);
  }
  return (low >>> 0).toString(16).padStart(8, '0') + (high >>> 0).toString(16).padStart(8, '0');
}
