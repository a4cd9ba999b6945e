import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isVoid, proposalOver, type Supporter, viewsToWin, winsView } from '../../server/replication/quorum.ts';
import { addressOf, one, supporter, view, witness, witnessSupporter } from '../support/replication-fixtures.ts';

const view0 = view(0, 'A1 B1 C1');
const with2 = view(0, 'A1 B1 C1', { witnesses: [witness('V'), witness('W')] });

describe('R9: who may leave a view behind', () => {
  it('W2: a majority of its members in their listed incarnations may', () => {
    expect(winsView(view0, [supporter('A1', [view0]), supporter('B1', [view0])])).toBe(true);
    expect(winsView(view0, [supporter('B1', [view0]), supporter('C1', [view0])])).toBe(true);
    expect(winsView(view0, [supporter('A1', [view0])])).toBe(false);
  });

  it('W2: members that died cleanly are not counted', () => {
    expect(winsView(view0, [supporter('B1', [view0], { cleanDead: [one('A1'), one('C1')] })])).toBe(true);
    expect(winsView(view0, [supporter('C1', [view0], { cleanDead: [one('A1')] })])).toBe(false);
  });

  it('W2: half is enough with the first of those that are counted', () => {
    const pair = view(0, 'A1 B1');
    expect(winsView(pair, [supporter('A1', [pair])])).toBe(true);
    expect(winsView(pair, [supporter('B1', [pair])])).toBe(false);
    expect(winsView(view0, [supporter('B1', [view0], { cleanDead: [one('A1')] })])).toBe(true);
  });

  it('W2: votes of witnesses count, but not without a live member', () => {
    const witnesses = [witnessSupporter('V'), witnessSupporter('W')];
    expect(winsView(with2, [supporter('C1', [with2]), ...witnesses])).toBe(true);
    expect(winsView(with2, witnesses)).toBe(false);
    expect(winsView(with2, [supporter('C2', []), ...witnesses])).toBe(false);
  });

  it('W2: a witness with another disk is another witness', () => {
    const stranger: Supporter = { ...witnessSupporter('V'), witness: { id: addressOf('V'), disk: one('A1').disk } };
    expect(winsView(with2, [supporter('C1', [with2]), stranger, witnessSupporter('W')])).toBe(false);
  });

  it('W1: all disks may, in whatever incarnations', () => {
    const all = ['A2', 'B3', 'C2'].map((text) => supporter(text, [view0]));
    expect(winsView(view0, all)).toBe(true);
    expect(winsView(view0, all.slice(0, 2))).toBe(false);
  });

  it('W1: a disk that did not hold the view before has lost what it knew, and counts as missing', () => {
    const all = [supporter('A2', [view0]), supporter('B2', [view0]), supporter('C2', [])];
    expect(winsView(view0, all)).toBe(false);
    expect(winsView(view0, [...all.slice(0, 2), supporter("C1'", [view0])])).toBe(false);
  });

  it('W3: with two witnesses, one missing disk may be done without; a missing witness may not', () => {
    const disks = [supporter('A2', [with2]), supporter('B2', [with2])];
    const witnesses = [witnessSupporter('V'), witnessSupporter('W')];
    expect(winsView(with2, [...disks, ...witnesses])).toBe(true);
    expect(winsView(with2, [disks[0]!, ...witnesses])).toBe(false);
    expect(winsView(with2, [...disks, witnesses[0]!])).toBe(false);
    expect(winsView(view(0, 'A1 B1 C1', { witnesses: [witness('V')] }), [...disks, witnesses[0]!])).toBe(false);
  });
});

describe('R9: the traces that simpler rules would let through', () => {
  it('H1: two proofs of death do not give the last one the view, if the deaths were not clean', () => {
    expect(winsView(view0, [supporter('A1', [view0])])).toBe(false);
    expect(winsView(view0, [supporter('A1', [view0], { cleanDead: [one('B1'), one('C1')] })])).toBe(true);
  });

  it('H2: the first of the view died after promising a list without B, so B is not the last', () => {
    expect(winsView(view0, [supporter('B1', [view0], { cleanDead: [one('C1')] })])).toBe(false);
  });

  it('H3: a restarted member and a living one are not a majority', () => {
    expect(winsView(view0, [supporter('B2', [view0]), supporter('C1', [view0])])).toBe(false);
  });

  it('H4: a clean death of an earlier incarnation says nothing about the later one', () => {
    const later = view(1, 'A2 B1');
    expect(winsView(later, [supporter('B1', [later], { cleanDead: [one('A1')] })])).toBe(false);
    expect(winsView(later, [supporter('B1', [later], { cleanDead: [one('A2')] })])).toBe(true);
  });

  it('H5: what a supporter accepted has to be won as well, by one that it lists', () => {
    const accepted = view(1, 'A1 B1');
    const supporters = [supporter('B1', [view0, accepted]), supporter('C1', [view0])];
    expect(viewsToWin(view0, supporters)).toEqual([view0, accepted]);
    expect(proposalOver(addressOf('C'), view0, [one('C1'), one('B1')], supporters)).toBeUndefined();
    expect(proposalOver(addressOf('B'), view0, [one('B1'), one('C1')], supporters)).toBeUndefined();
  });

  it('H5: winning it is not enough: the candidate has to be listed in it, so that it has what was committed there', () => {
    const accepted = view(1, 'A1 B1');
    const supporters = [supporter('B1', [view0, accepted], { cleanDead: [one('A1')] }), supporter('C1', [view0])];
    expect(winsView(accepted, supporters)).toBe(true);
    expect(proposalOver(addressOf('C'), view0, [one('C1'), one('B1')], supporters)).toBeUndefined();
    expect(proposalOver(addressOf('B'), view0, [one('B1'), one('C1')], supporters)).toEqual([view0, accepted]);
  });

  it('H7: a proposal that its own candidate did not install is pending at nobody, and void where it reports', () => {
    const proposed = view(1, 'B1 A1');
    const supporters = [supporter('A1', [view0], { cleanDead: [one('C1')] })];
    expect(isVoid(proposed, supporters)).toBe(true);
    expect(proposalOver(addressOf('A'), view0, [one('A1')], supporters)).toEqual([view0]);
    expect(winsView(view0, [supporter('B1', [view0], { cleanDead: [one('C1')] })])).toBe(false);
  });

  it('H10: a witness that accepted [A] keeps B from going on without it', () => {
    const accepted = view(1, 'A1', { witnesses: with2.witnesses });
    const supporters = [supporter('B1', [with2]), witnessSupporter('V', [accepted]), witnessSupporter('W', [accepted])];
    expect(winsView(with2, supporters)).toBe(true);
    expect(proposalOver(addressOf('B'), with2, [one('B1')], supporters)).toBeUndefined();
  });

  it('H11: three of five do not recover a view when a disk and a witness are missing', () => {
    expect(winsView(with2, [supporter('B2', [with2]), supporter('C1', [with2]), witnessSupporter('W')])).toBe(false);
  });

  it('H13: with one dead, the first of the others goes on alone and the second does not', () => {
    expect(winsView(view0, [supporter('A1', [view0], { cleanDead: [one('C1')] })])).toBe(true);
    expect(winsView(view0, [supporter('B1', [view0], { cleanDead: [one('C1')] })])).toBe(false);
  });

  it('H17: every pending view has to be won, not only the newest', () => {
    const older = view(1, 'A1 B1');
    const newer = view(2, 'B1 C1');
    const supporters = [supporter('B1', [view0, older, newer]), supporter('C1', [view0, newer])];
    expect(viewsToWin(view0, supporters)).toEqual([view0, older, newer]);
    expect(winsView(newer, supporters)).toBe(true);
    expect(proposalOver(addressOf('B'), view0, [one('B1'), one('C1')], supporters)).toBeUndefined();
  });

  it('H19: the silence of a witness does not make a view void', () => {
    const accepted = view(1, 'A1', { witnesses: with2.witnesses });
    const supporters = [supporter('B1', [with2]), witnessSupporter('V', [accepted]), witnessSupporter('W')];
    expect(isVoid(accepted, supporters)).toBe(false);
    expect(proposalOver(addressOf('B'), with2, [one('B1')], supporters)).toBeUndefined();
  });
});

describe('R9: void views, and what may be proposed', () => {
  const accepted = view(1, 'A1 B1');

  it('a view is void when one of its members supports the candidate without having accepted it', () => {
    const supporters = [supporter('A1', [view0]), supporter('B1', [view0, accepted])];
    expect(isVoid(accepted, supporters)).toBe(true);
    expect(viewsToWin(view0, supporters)).toEqual([view0]);
  });

  it('a restarted member that has not accepted it makes it void, too: its disk remembers', () => {
    expect(isVoid(accepted, [supporter('A2', [view0]), supporter('B1', [view0, accepted])])).toBe(true);
  });

  it('one that is not a member of it, or another disk at the address of one, does not make it void', () => {
    expect(isVoid(accepted, [supporter('C1', [view0]), supporter('B1', [view0, accepted])])).toBe(false);
    expect(isVoid(accepted, [supporter("A1'", []), supporter('B1', [view0, accepted])])).toBe(false);
  });

  it('nothing is proposed before all proposed members have promised, as listed', () => {
    const supporters = [supporter('A1', [view0]), supporter('B1', [view0])];
    const members = [one('A1'), one('B1')];
    expect(proposalOver(addressOf('A'), view0, members, supporters)).toEqual([view0]);
    expect(proposalOver(addressOf('A'), view0, [...members, one('C1')], supporters)).toBeUndefined();
    expect(proposalOver(addressOf('A'), view0, [one('A1'), one('B2')], supporters)).toBeUndefined();
  });

  it('pending views at or below the base are over', () => {
    expect(viewsToWin(accepted, [supporter('B1', [accepted], { pending: [accepted] })])).toEqual([accepted]);
  });
});

/** Where a member of the view stands in the property below. */
type Side = 'first' | 'first-restarted' | 'second' | 'second-restarted' | 'neither';

describe('R9: two sets that win the same view always meet', () => {
  const names = ['A', 'B', 'C', 'D', 'E'];
  const sides = fc.array(
    fc.constantFrom<Side>('first', 'first', 'first-restarted', 'second', 'second', 'second-restarted', 'neither'),
    { minLength: 1, maxLength: 5 },
  );
  const witnessSides = fc.array(fc.constantFrom('first', 'second', 'neither'), { maxLength: 4 });
  /** Which members each side believes to have died cleanly, as bits. */
  const beliefs = fc.tuple(fc.nat({ max: 31 }), fc.nat({ max: 31 }));

  /**
   * A clean death of x, as a voter of one side tells it, says that x never promised a list without that voter. Lists of
   * sides that share nobody leave each other's voters out, so x is no supporter of the other side.
   */
  function teamOf(side: 'first' | 'second', members: readonly Side[], witnesses: readonly string[], bits: number) {
    const other = side === 'first' ? 'second' : 'first';
    const cleanDead = members.flatMap((member, index) =>
      (bits >> index) & 1 && member !== other ? [one(`${names[index]}1`)] : [],
    );
    const all = view(0, members.map((_, index) => `${names[index]}1`).join(' '), {
      witnesses: witnesses.map((_, index) => witness(String.fromCharCode(86 + index))),
    });
    const replicas = members.flatMap((member, index) => {
      if (member === side) return [supporter(`${names[index]}1`, [all], { cleanDead })];
      return member === `${side}-restarted` ? [supporter(`${names[index]}2`, [all], { cleanDead })] : [];
    });
    const voters = witnesses.flatMap((one, index) =>
      one === side ? [witnessSupporter(String.fromCharCode(86 + index))] : [],
    );
    return { all, supporters: [...replicas, ...voters] };
  }

  it('no two that share neither a disk nor a witness exist, whatever they know of clean deaths', () => {
    let wins = 0;
    fc.assert(
      fc.property(sides, witnessSides, beliefs, (members, witnesses, [firstBits, secondBits]) => {
        const first = teamOf('first', members, witnesses, firstBits);
        const second = teamOf('second', members, witnesses, secondBits);
        const doesFirstWin = winsView(first.all, first.supporters);
        const doesSecondWin = winsView(second.all, second.supporters);
        wins += Number(doesFirstWin) + Number(doesSecondWin);
        expect(doesFirstWin && doesSecondWin).toBe(false);
      }),
      { numRuns: 5000, seed: 1538 },
    );
    // The property would say nothing if nobody ever won.
    expect(wins).toBeGreaterThan(1000);
  });

  it('more supporters never win less', () => {
    fc.assert(
      fc.property(sides, witnessSides, beliefs, fc.nat(), (members, witnesses, [bits], left) => {
        const { all, supporters } = teamOf('first', members, witnesses, bits);
        if (supporters.length === 0) return;
        const fewer = supporters.filter((_, index) => index !== left % supporters.length);
        if (winsView(all, fewer)) expect(winsView(all, supporters)).toBe(true);
      }),
      { numRuns: 3000, seed: 1538 },
    );
  });
});
