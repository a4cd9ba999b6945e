import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutRows, readCell, stringifyRows, writeCell } from '../../server/storage/cells.ts';
import { LOG_COLUMNS, LOG_HEADER, makeEntryCodec, openRows } from '../../server/storage/csv.ts';
import { bodyDigest } from '../../server/storage/row-form.ts';
import { GENESIS_CHAIN } from '../../shared/operations.ts';
import { draft, entriesAfter, NONCE, TIME } from './samples.ts';

const codec = makeEntryCodec();
const NASTY = [
  '"',
  ',',
  '\n',
  '\r',
  '\\',
  "'",
  '=',
  '+',
  '-',
  '@',
  '\t',
  'n',
  'r',
  ' ',
  '\uFEFF',
  '\u2028',
  '👩‍👩‍👧',
  '\u202E',
  'é',
  ';',
];
/** Any well-formed text without NUL, with a taste for what troubles CSV, spreadsheets and terminals. */
const text = fc
  .oneof(fc.string({ unit: fc.constantFrom(...NASTY), maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 40 }))
  .filter((value) => !value.includes('\0'));

describe('a row of the log', () => {
  it('gives back any text byte for byte, and is one line', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ body: text, subject: text, id: text, asked: text }), { maxLength: 8 }),
        (texts) => {
          const drafts = texts.map((changes) => draft(changes));
          const place = { firstOp: 7, previousChain: GENESIS_CHAIN, view: '0/1/localhost:1538', time: TIME };
          const sealed = codec.seal(drafts, place, () => NONCE);
          for (const { row } of sealed) expect(row.slice(0, -1)).not.toMatch(/[\r\n]/);
          expect(codec.open(sealed.map((entry) => entry.row).join(''), GENESIS_CHAIN)).toEqual({ entries: sealed });
          expect(sealed.map(({ id, subject, body, asked }) => ({ id, subject, body, asked }))).toEqual(
            texts.map(({ id, subject, body, asked }) => ({ id, subject, body, asked })),
          );
        },
      ),
    );
  });

  it('never begins a cell with what a spreadsheet would run', () => {
    for (const start of ['=', '+', '-', '@', "'", '\t', '\r']) {
      const cell = writeCell(`${start}cmd`);
      expect(cell.startsWith("'")).toBe(true);
      expect(readCell(cell)).toBe(`${start}cmd`);
    }
    expect(writeCell('a=b')).toBe('a=b');
    expect(['=cmd', "'cmd", 'a\\tb', 'a\\'].map(readCell)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('is cut into the same cells as the CSV parser cuts it', () => {
    fc.assert(
      fc.property(fc.array(fc.array(text.map(writeCell), { minLength: 2, maxLength: 5 }), { minLength: 1 }), (rows) => {
        const csv = stringifyRows(rows);
        const parsed: string[][] = parse(csv, { record_delimiter: '\n', relax_column_count: true });
        expect(cutRows(Buffer.from(csv)).map((row) => row.cells)).toEqual(parsed);
      }),
    );
  });

  it('R24: is not accepted with any single bit changed', () => {
    const entries = entriesAfter(undefined, ['plain', '=1,"quoted"\n\\\'', 'é 👋 \uFFFD', 'last']);
    const bytes = Buffer.from(entries.map((entry) => entry.row).join(''));
    // Without the very last byte: that line feed is the end of the file, see `commit-log.test.ts`.
    for (let bit = 0; bit < (bytes.length - 1) * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      if (openRows(bytes, GENESIS_CHAIN, 0).damage === undefined) expect.fail(`bit ${bit} changed unnoticed`);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
  });

  it('R24: still verifies when body and nonce were removed and their digest kept', () => {
    const entries = entriesAfter(undefined, ['secret', 'after it']);
    const { body: _, nonce: __, ...rest } = entries[0]!;
    const removed = { ...rest, removedDigest: bodyDigest(entries[0]!) };
    const row = entries[0]!.row.replace(`${NONCE},secret,,`, `,,${removed.removedDigest},`);
    const opened = codec.open(row + entries[1]!.row, GENESIS_CHAIN);
    expect(opened).toEqual({ entries: [{ ...removed, nonce: '', body: '', row }, entries[1]] });
  });

  it('says which row is wrong and how', () => {
    const [first, second, third] = entriesAfter(undefined, ['one', 'two', 'three']);
    const open = (...rows: string[]) => codec.open(rows.join(''), GENESIS_CHAIN);
    expect(open(first!.row, third!.row)).toEqual({ damage: 'row 2 of 2: op 2 is missing, op 3 stands in its place' });
    expect(open(second!.row)).toEqual({
      damage: 'row 1 of 1: op 2 does not match its digest, or does not follow the row before it',
    });
    expect(open(first!.row.slice(0, -1))).toEqual({ damage: 'the last row does not end with a line feed' });
    expect(open(first!.row.replace('T10:00:00.000Z', ' 10:00'))).toMatchObject({
      damage: expect.stringContaining('did a spreadsheet save it?'),
    });
    expect(open(first!.row.replace('message:send', 'poll:create'))).toMatchObject({
      damage: expect.stringContaining('"poll:create", which this version does not know'),
    });
    expect(open(first!.row.replace(/,[^,]*$/, '\n'))).toEqual({ damage: 'row 1 of 1: it has 13 cells, not 14' });
  });

  it('has the columns that are promised to those who read the files', () => {
    expect(LOG_HEADER).toBe(`${LOG_COLUMNS.join(',')}\n`);
    expect(LOG_HEADER).toBe(
      'op,view,time,client,request,asked,event,id,account,subject,nonce,body,removed_digest,chain\n',
    );
  });

  it('refuses what UTF-8 could not give back', () => {
    const place = { firstOp: 1, previousChain: GENESIS_CHAIN, view: '0/1/', time: TIME };
    expect(() => codec.seal([draft({ body: '\uD800' })], place, () => NONCE)).toThrow('half a surrogate pair');
    expect(() => codec.seal([draft({ body: 'a\0b' })], place, () => NONCE)).toThrow('NUL');
  });
});
