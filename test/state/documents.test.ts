import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChatState } from '../../server/state/chat-state.ts';
import { bytesTaken } from '../../server/state/documents.ts';
import { bytesOf } from '../../shared/documents.ts';
import { DOCUMENT_VALUE_MAX_BYTES, DOCUMENTS_MAX_BYTES } from '../../shared/limits.ts';
import type { EntryDraft } from '../../shared/operations.ts';
import { ChatLog, entryAt, restoredFrom } from './chat-log.ts';
import { HistoryModel } from './history-model.ts';
import { keyOf, randomLog } from './random-operations.ts';

const KEY = keyOf(1);
const set = (key: string, body: string) => ({ event: 'document:set', subject: key, body }) as const;
const remove = (key: string) => ({ event: 'document:delete', subject: key }) as const;

/** A draft, as the primary checks it. */
function draft(key: string, body: string): EntryDraft {
  return entryAt(1, set(key, body));
}

describe('documents', () => {
  it('are what was set last, each set and deletion knows whether there was one, and no account is asked for', () => {
    const log = new ChatLog();
    const outcomes = [set(KEY, '1'), set(KEY, '{"a":2}'), remove(KEY), remove(KEY), set(KEY, '3')].map(
      (operation) => log.apply(operation).outcome,
    );
    expect(outcomes.map(({ refused, existed }) => [refused, existed])).toEqual([
      ['', undefined],
      ['', true],
      ['', true],
      ['', undefined],
      ['', undefined],
    ]);
    expect(log.state.document(KEY)).toBe('3');
    expect(log.state.document(keyOf(2))).toBeUndefined();
  });

  it('are at every moment what a plain map of them says, also after restarts, and count what they take', () => {
    const property = fc.property(randomLog, fc.array(fc.nat({ max: 80 })), (entries, restarts) => {
      const model = new HistoryModel();
      const index: string[][] = [];
      let state = new ChatState();
      for (const entry of entries) {
        model.apply(entry, state.apply(entry).outcome.refused === '');
        if (restarts.includes(entry.op)) state = restoredFrom(state, index);
        const values = [0, 1, 2, 3].map((place) => model.document(keyOf(place)));
        expect([0, 1, 2, 3].map((place) => state.document(keyOf(place)))).toEqual(values);
        expect(state.documents.bytes).toBe(
          values.reduce((sum, one) => sum + (one === undefined ? 0 : bytesTaken(one)), 0),
        );
      }
    });
    fc.assert(property, { seed: 1538, numRuns: 300 });
  });

  it('have a row each in the table of the snapshot, the oldest first: when and by which op they were created and changed', () => {
    const log = new ChatLog();
    for (const operation of [set(keyOf(2), '1'), set(KEY, '[2]'), set(keyOf(2), '{"a":"b"}')]) log.apply(operation);
    const common = { created_at: '1700000001000' };
    expect(log.table('documents')).toEqual([
      { key: keyOf(2), created_op: '1', changed_op: '3', ...common, changed_at: '1700000003000', value: '{"a":"b"}' },
      expect.objectContaining({ key: KEY, created_op: '2', changed_op: '2', value: '[2]' }),
    ]);
  });

  it('take 128 MiB together at most, those on their way included; one that replaces a longer one fits in', () => {
    const log = new ChatLog();
    const long = `"${'x'.repeat(DOCUMENT_VALUE_MAX_BYTES - 2)}"`;
    let count = 0;
    for (; log.state.check(draft(keyAt(count), long)) === ''; count++) log.apply(set(keyAt(count), long));
    expect(log.state.documents.bytes).toBe(count * bytesTaken(long));
    expect(log.state.documents.bytes + bytesTaken(long)).toBeGreaterThan(DOCUMENTS_MAX_BYTES);
    expect(log.state.check(draft(keyAt(count), long))).toBe('limit-reached');
    expect(log.state.check(draft(keyAt(0), long))).toBe('');
    const left = DOCUMENTS_MAX_BYTES - log.state.documents.bytes;
    const short = 'x'.repeat(left - bytesTaken(''));
    expect(log.state.check(draft(keyAt(count), short))).toBe('');
    expect(log.state.check(draft(keyAt(count), short), 1)).toBe('limit-reached');
    // What is in the log takes effect, whatever it comes to: its body may be gone when it is applied again.
    expect(log.apply(set(keyAt(count), long)).outcome.refused).toBe('');
    log.apply(remove(keyAt(1)));
    log.apply(remove(keyAt(2)));
    expect(log.state.check(draft(keyAt(1), long))).toBe('');
  });

  it('count bytes of UTF-8', () => {
    const property = fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(bytesOf(text)).toBe(Buffer.byteLength(text));
    });
    fc.assert(property, { seed: 1538 });
  });

  it('R27: leave nothing to remember of a value that came and went between two compactions', () => {
    const log = new ChatLog();
    for (let count = 0; count < 50; count++) log.apply(set(KEY, String(count)));
    expect(log.state.compactions.facts.replaced).toEqual([]);
    expect(log.state.compactions.removableSinceOp).toBe(2);
    log.apply({ event: 'cluster:compact' });
    const remains = () => log.entries.slice(0, 50).map(({ op, event }) => log.state.compactions.remainsOf(op, event));
    const decided = remains();
    expect(decided).toEqual([...Array<string>(49).fill('nothing'), 'all']);
    log.apply(remove(KEY));
    expect(remains()).toEqual(decided);
    expect(log.state.compactions.facts.replaced).toEqual([{ row: 50, atOp: 52 }]);
    log.apply({ event: 'cluster:compact' });
    expect(remains()).toEqual(Array<string>(50).fill('nothing'));
  });

  it('that are not there, or were set anew, are known to have changed since an op', () => {
    const log = new ChatLog();
    log.apply(set(KEY, '1'));
    log.apply(set(KEY, '2'));
    expect([0, 1, 2].map((op) => log.state.isDocumentChangedSince(KEY, op))).toEqual([true, true, false]);
    expect(log.state.isDocumentChangedSince(keyOf(2), 9)).toBe(true);
  });
});

function keyAt(number: number): string {
  return `${number.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
}
