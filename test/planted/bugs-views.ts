import type { PlantedBug } from './planted-bug.ts';

/** Mistakes of candidates and members on the way from promises to an installed view. */
export const bugsInViewChanges: readonly PlantedBug[] = [
  {
    name: 'probe-counts-as-promise',
    rule: 'R7',
    says: 'What a voter says that it would promise counts as promised.',
    file: 'server/replication/view-change.ts',
    replacements: [{ find: 'candidacy.supporters.clear();', replace: '' }],
  },
  {
    name: 'propose-without-fetching',
    rule: 'R9',
    says: 'A candidate proposes its own log, though a supporter has more (H20).',
    file: 'server/replication/view-change.ts',
    replacements: [{ find: 'if (ahead.id === state.file.id) {', replace: "if (ahead.id !== '') {" }],
  },
  {
    name: 'longest-log-leads',
    rule: 'R9',
    says: 'The longest log counts as the most complete one, whatever view its last entry is of.',
    whyNotSimulated:
      'Whoever has an entry of a view has that view as its base, so what the members of the views to be won have after the base is all of one primary, and the longest is the most complete.',
    file: 'server/replication/view-change.ts',
    replacements: [
      {
        find: 'if (isAhead(supporter.last, best.last)) best = supporter;',
        replace: 'if (supporter.last.op > best.last.op) best = supporter;',
      },
    ],
  },
  {
    name: 'install-by-majority',
    rule: 'R11',
    says: 'A view is installed when most of its members have accepted it (H6).',
    file: 'server/replication/view-change.ts',
    replacements: [
      {
        find: 'if (!needed.every(({ id }) => candidacy.accepted.has(id))) return;',
        replace: 'if (2 * candidacy.accepted.size < needed.length) return;',
      },
      { find: '.filter(({ id }) => candidacy.accepted.has(id))', replace: '.slice()' },
    ],
  },
  {
    name: 'acceptance-of-another-attempt',
    rule: 'R11',
    says: 'An acceptance of an earlier attempt counts for the present one.',
    file: 'server/replication/view-change.ts',
    replacements: [
      {
        find: 'if (!candidacy?.record || !sameView(candidacy.number, ok.number)) return;',
        replace: 'if (!candidacy?.record) return;',
      },
    ],
  },
  {
    name: 'installed-told-before-written',
    rule: 'R11',
    says: 'The new primary begins its view before the view is on its disk (H9).',
    file: 'server/replication/view-change.ts',
    replacements: [
      {
        find: 'writeViewFile(context, { base: record, pending: pendingAfter(state.file.pending, record.number) });',
        replace:
          'state.file = { ...state.file, base: record, pending: pendingAfter(state.file.pending, record.number) };',
      },
      {
        find: 'startView(context, record, candidacy.end!.op);',
        replace: 'startView(context, record, candidacy.end!.op);\n  writeViewFile(context, {});',
      },
    ],
  },
  {
    name: 'accept-without-a-copy',
    rule: 'R10',
    says: "A member accepts a view before it has the candidate's log (H8).",
    file: 'server/replication/voter.ts',
    replacements: [
      {
        find: "if (copy?.purpose !== 'accept' || !isCopied(state, copy.end!)) return;",
        replace: "if (copy?.purpose !== 'accept') return;",
      },
    ],
  },
  {
    name: 'accept-without-the-promise',
    rule: 'R10',
    says: 'A member accepts a view although it has promised another number since.',
    file: 'server/replication/voter.ts',
    replacements: [
      { find: ': !sameView(promised, record.number)', replace: ': promised === null' },
      { find: 'if (!sameView(state.file.promised, copy.number)) {', replace: 'if (copy.number === null) {' },
    ],
  },
  {
    name: 'accepted-counts-as-installed',
    rule: 'R12',
    says: 'A member takes a view for its base as soon as it has accepted it (H7).',
    file: 'server/replication/voter.ts',
    replacements: [
      {
        find: 'writeViewFile(context, { pending: [...state.file.pending, copy.record!] });',
        replace: 'writeViewFile(context, { base: copy.record!, pending: [] });',
      },
    ],
  },
  {
    name: 'acceptance-told-before-written',
    rule: 'R10',
    says: 'A member says that it has accepted a view before that is on its disk.',
    file: 'server/replication/voter.ts',
    replacements: [
      { find: 'writeViewFile(context, { pending: [...state.file.pending, copy.record!] });', replace: '' },
      {
        find: "send(context, copy.source, { type: 'view-ok', number: copy.number });",
        replace:
          "send(context, copy.source, { type: 'view-ok', number: copy.number });\n  writeViewFile(context, { pending: [...state.file.pending, copy.record!] });",
      },
    ],
  },
  {
    name: 'candidacy-outlives-a-new-base',
    rule: 'R9',
    says: 'A candidate that learns of a newer base goes on with what it asked from the old one, and installs it.',
    whyNotSimulated:
      'A candidate learns only of views that it had accepted before it asked, and its own promise reports these: it has won them, or they are void.',
    file: 'server/replication/voter.ts',
    replacements: [
      { find: 'if (!hasWon) state.candidacy = null;', replace: 'void hasWon;' },
      {
        file: 'server/replication/view-change.ts',
        find: 'if (!base || ![candidacy.base.number, ...record.over].some((number) => sameView(number, base.number))) return;',
        replace: 'if (!base) return;',
      },
    ],
  },
  {
    name: 'promise-waits-for-ever',
    rule: 'R13',
    says: 'Whoever has promised a candidate that died waits for it for ever.',
    file: 'server/replication/timers.ts',
    replacements: [{ find: 'const isStuck = !isNormal(state);', replace: 'const isStuck = false;' }],
  },
  {
    name: 'joiner-is-listed-twice',
    rule: 'R7',
    says: 'A member that came back and asks to join is listed twice.',
    options: ['--replicas', '4'],
    file: 'server/replication/timers.ts',
    replacements: [
      {
        find: 'joiners.filter(({ replica }) => !members.some(({ id }) => id === replica.id))',
        replace: 'joiners.slice()',
      },
    ],
  },
];
