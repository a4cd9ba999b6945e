import { describe, expect, it } from 'vitest';
import { type Account, type Acknowledged, audit, refusedButThere } from '../../server/commands/drill-audit.ts';
import { type Answer, contradictions } from '../../server/commands/drill-primaries.ts';
import { formatDuration, formatTable, median } from '../../server/commands/drill-report.ts';
import { DrillScreen } from '../../server/commands/drill-screen.ts';

/** A message of ana's to bob. */
function message(number: number, position = 10 + number): Acknowledged {
  return { id: `id${number}`, position, from: 'ana', to: 'bob', body: `ana ${number}`, at: 1000 + position };
}

/** What ana was told, and what there is for both of them. */
function accounts(acknowledged: Acknowledged[], history: Acknowledged[], shown = history): Account[] {
  return [
    { username: 'ana', acknowledged, shown, history },
    { username: 'bob', acknowledged: [], shown: history, history },
  ];
}

describe('the audit', () => {
  const [first, second, third] = [message(1), message(2), message(3)];

  it('finds nothing where everything acknowledged is there once and in order, and more may be there', () => {
    const verdict = audit(accounts([first, third], [first, second, third]));
    expect(verdict).toEqual({ lost: [], doubled: [], outOfOrder: [] });
  });

  it('finds what was acknowledged and is missing, for sender and recipient', () => {
    const { lost, doubled, outOfOrder } = audit(accounts([first, second], [first]));
    expect(lost).toHaveLength(2);
    expect(lost[0]).toContain('"ana 2" was acknowledged at position 12; ana has there nothing');
    expect([doubled, outOfOrder]).toEqual([[], []]);
  });

  it.each<[what: string, there: Partial<Acknowledged>]>([
    ['id', { id: 'other' }],
    ['body', { body: 'ana 4' }],
    ['recipient', { to: 'cleo' }],
    ['time', { at: 1 }],
  ])('finds what is there with another %s', (_what, there) => {
    expect(audit(accounts([first], [{ ...first, ...there }])).lost.length).toBeGreaterThan(0);
  });

  it('finds what is there twice, under another position', () => {
    const { doubled } = audit(accounts([first], [first, { ...first, position: 15 }]));
    expect(doubled).toContain('ana\'s history has body "ana 1" twice');
  });

  it('finds what stands in another order than it was sent in', () => {
    const { outOfOrder } = audit(accounts([], [second, message(1, 13)]));
    expect(outOfOrder).toContain('ana\'s history at position 13: "ana 1" stands after number 2');
  });

  it('finds positions and times that go back', () => {
    const { outOfOrder } = audit(accounts([], [{ ...first, position: 20 }, second]));
    expect(outOfOrder.some((text) => text.includes('stands after position 20'))).toBe(true);
    const late = audit(accounts([], [{ ...first, at: 5000 }, second]));
    expect(late.outOfOrder.some((text) => text.includes('its time goes back'))).toBe(true);
  });

  it('finds what a client was never shown, and what it was shown that is not there', () => {
    expect(audit(accounts([], [first, second], [first])).lost).toEqual(['ana was never shown "ana 2" at position 12']);
    expect(audit(accounts([], [first], [first, second])).lost).toEqual([
      'ana was shown "ana 2" at position 12, which is not there',
    ]);
  });

  it('finds what was refused for good and is there; what may have been sent may be there', () => {
    const givenUp = [
      { body: 'ana 1', isDefinite: true },
      { body: 'ana 2', isDefinite: false },
    ];
    const found = refusedButThere([{ username: 'ana', givenUp, history: [first, second] }]);
    expect(found).toEqual(['"ana 1" was refused for good, and is there at position 11']);
  });
});

/** An answer that came `tookMs` after its request was sent. */
function answer(server: string, round: number, position: number, firstSentMs: number, tookMs = 1): Answer {
  return { server, view: { epoch: 0, round }, position, firstSentMs, answeredMs: firstSentMs + tookMs };
}

describe('R8, R17: the search for two primaries', () => {
  it('lets one primary follow another, and an answer be late', () => {
    const answers = [
      answer('A', 1, 10, 0),
      answer('A', 1, 11, 5, 500),
      answer('B', 2, 12, 100),
      answer('A', 3, 13, 200),
    ];
    expect(contradictions(answers)).toEqual([]);
  });

  it('lets a later server answer again what was sent to an earlier one', () => {
    expect(contradictions([answer('B', 2, 12, 100), answer('B', 2, 11, 50, 200)])).toEqual([]);
  });

  it('finds a server that acknowledges in an old view what was sent after a newer one acknowledged', () => {
    const [found, ...others] = contradictions([answer('B', 2, 12, 100), answer('A', 1, 13, 200)]);
    expect(found).toContain('A acknowledged position 13 in view 1, to a request sent 99 ms after B');
    expect(others).toEqual([]);
  });

  it('finds a position that was given before to something that was answered earlier', () => {
    expect(contradictions([answer('A', 1, 12, 0), answer('B', 2, 12, 100)])).toHaveLength(1);
  });

  it('finds two servers that take turns in one view', () => {
    const turns = [answer('A', 1, 10, 0), answer('B', 1, 11, 10), answer('A', 1, 12, 20)];
    expect(contradictions(turns)).toHaveLength(1);
  });
});

describe('what the drill prints', () => {
  it('is coloured on a terminal, not with NO_COLOR, and plain elsewhere', () => {
    const printed = (isTTY: boolean, environment: NodeJS.ProcessEnv) => {
      let text = '';
      const write = (part: string) => {
        text += part;
      };
      const screen = new DrillScreen({ write, isTTY }, environment, () => '');
      screen.event(['primary', 'dead'], 'kill -9 of B');
      screen.close();
      return text;
    };
    expect(printed(true, {})).toContain('\u001b[');
    for (const plain of [printed(true, { NO_COLOR: '1' }), printed(true, { TERM: 'dumb' }), printed(false, {})]) {
      expect(plain).toMatch(/^ +0\.\d s {3}● ✗ {3}kill -9 of B\n$/);
    }
  });

  it('has columns that line up, and durations with units', () => {
    expect(formatTable([['a', 'bb'], ['ccc', 'd'], ['e']])).toEqual(['a    bb', 'ccc   d', 'e']);
    expect([12.4, 999, 1400, 14_000].map(formatDuration)).toEqual(['12 ms', '999 ms', '1.4 s', '14 s']);
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  });
});
