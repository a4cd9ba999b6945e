import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeEntryCodec, openRows, readRow } from '../../server/storage/csv.ts';
import { bodyDigest } from '../../server/storage/row-form.ts';
import { shortenEntry } from '../../server/storage/shorten-row.ts';
import { GENESIS_CHAIN } from '../../shared/operations.ts';
import { entriesAfter } from './samples.ts';

const codec = makeEntryCodec();
/** Any well-formed text without NUL, with a taste for what troubles CSV. */
const text = fc
  .oneof(
    fc.string({
      unit: fc.constantFrom('"', ',', '\n', '\r', '\\', "'", '=', '-', '\t', ' ', '👩‍👩‍👧', 'é'),
      maxLength: 12,
    }),
    fc.string({ unit: 'binary', maxLength: 40 }),
  )
  .filter((value) => !value.includes('\0'));
/** What is left of a body: undefined for all of it. */
const part = fc.oneof(fc.constant(undefined), fc.constant(''), text);

describe('R24: a row in any of its forms', () => {
  it('gives back what is left of it byte for byte, and follows the row before it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, part), { minLength: 1, maxLength: 8 }), (some) => {
        const whole = entriesAfter(
          undefined,
          some.map(([body]) => body),
        );
        const entries = whole.map((entry, index) => {
          const left = some[index]![1];
          return left === undefined ? entry : shortenEntry(entry, left);
        });
        for (const [index, entry] of entries.entries()) {
          expect(entry.chain).toBe(whole[index]!.chain);
          expect(bodyDigest(entry)).toBe(bodyDigest(whole[index]!));
          expect(entry.row.slice(0, -1)).not.toMatch(/[\r\n]/);
        }
        expect(codec.open(entries.map(({ row }) => row).join(''), GENESIS_CHAIN)).toEqual({ entries });
      }),
    );
  });

  it('comes to the same whether it is shortened at once or step by step', () => {
    fc.assert(
      fc.property(text, text, (body, left) => {
        const [entry] = entriesAfter(undefined, [body]);
        expect(shortenEntry(shortenEntry(entry!, left), '')).toEqual(shortenEntry(entry!, ''));
        expect(shortenEntry(shortenEntry(entry!, ''), left)).toEqual(shortenEntry(entry!, ''));
        expect(shortenEntry(shortenEntry(entry!, ''), '')).toEqual(shortenEntry(entry!, ''));
      }),
    );
  });

  it('is not accepted with any single bit changed', () => {
    const whole = entriesAfter(undefined, ['gone', 'part of "it", =1\n', 'more\\', 'é 👋', 'last']);
    const parts = ['', '{"a":"b, é"}', "=it's", '', undefined];
    const entries = whole.map((entry, index) => {
      const left = parts[index];
      return left === undefined ? entry : shortenEntry(entry, left);
    });
    const bytes = Buffer.from(entries.map(({ row }) => row).join(''));
    expect(openRows(bytes, GENESIS_CHAIN, 0)).toEqual({ entries });
    for (let bit = 0; bit < (bytes.length - 1) * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      if (openRows(bytes, GENESIS_CHAIN, 0).damage === undefined) expect.fail(`bit ${bit} changed unnoticed`);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
  });

  it('is refused when its cells do not fit together, with the reason', () => {
    const [entry] = entriesAfter(undefined, ['hello']);
    const removed = shortenEntry(entry!, '');
    const left = shortenEntry(entry!, 'hell');
    const open = (row: string) => codec.open(row, GENESIS_CHAIN);
    const misfits = [
      left.row.replace(left.nonce, entry!.nonce),
      left.row.replace(',hell,', ',heaven,'),
      removed.row.replace(removed.removedDigest, removed.removedDigest.slice(1)),
      removed.row.replace(`,,,${removed.removedDigest}`, `,${entry!.nonce},,${removed.removedDigest}`),
      removed.row.replace(`,,,${removed.removedDigest}`, `,,hello,${removed.removedDigest}`),
      entry!.row.replace(`${entry!.nonce},hello`, ',hello'),
    ];
    for (const row of misfits) {
      expect(readRow(Buffer.from(row))).toBeUndefined();
      expect(open(row)).toEqual({ damage: expect.stringMatching(/do not fit together|does not match its digest/) });
    }
    expect(open(left.row.replace(',hell,', ',heaven,'))).toEqual({
      damage: 'row 1 of 1: op 1 has a part of a body that does not match its digest',
    });
  });

  it('of an operation without a body has nothing to remove', () => {
    const [entry] = entriesAfter(undefined, ['']);
    expect(shortenEntry(entry!, '')).toEqual(entry);
    expect(shortenEntry(entry!, 'made up')).toEqual(entry);
  });
});
