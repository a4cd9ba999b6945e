import type { PlantedBug } from './planted-bug.ts';

/** Mistakes with promises, and with what is enough to leave a view behind. */
export const bugsInVotes: readonly PlantedBug[] = [
  {
    name: 'promise-told-before-written',
    rule: 'R2',
    says: 'A voter answers with a promise before it is on its disk.',
    file: 'server/replication/voter.ts',
    replacements: [
      {
        find: 'writeViewFile(context, { promised: ask.number, pending, ...adopted });',
        replace: 'state.file = { ...state.file, promised: ask.number, pending, ...adopted };',
      },
      {
        find: 'send(context, from.id, promise);',
        replace: 'send(context, from.id, promise);\n  if (!ask.probe) writeViewFile(context, {});',
      },
    ],
  },
  {
    name: 'promise-lower-numbers',
    rule: 'R2',
    says: 'A voter promises a number below one that it promised before.',
    file: 'server/replication/voter.ts',
    replacements: [{ find: "if (compareViews(ask.number, promised) <= 0) return because('promised');", replace: '' }],
  },
  {
    name: 'candidate-promises-itself-nothing',
    rule: 'R2',
    says: 'A candidate does not write its own promise down.',
    file: 'server/replication/view-change.ts',
    replacements: [
      {
        find: 'writeViewFile(context, { promised: candidacy.number });',
        replace: 'state.file = { ...state.file, promised: candidacy.number };',
      },
    ],
  },
  {
    name: 'normal-in-spite-of-a-promise',
    rule: 'R2',
    says: 'A replica goes on in its view after it has promised a higher number.',
    file: 'server/replication/replica-state.ts',
    replacements: [
      {
        find: 'base !== null && sameView(base.number, promised) && isListed(state)',
        replace: 'base !== null && promised !== null && isListed(state)',
      },
    ],
  },
  {
    name: 'acknowledge-in-spite-of-a-promise',
    rule: 'R2',
    says: 'A backup goes on appending and acknowledging after it has promised a higher number.',
    file: 'server/replication/normal-operation.ts',
    replacements: [
      {
        find: 'if (!base || !isNormal(state) || !sameView(base.number, view)) return false;',
        replace: 'if (!base || !sameView(base.number, view)) return false;',
      },
      {
        find: 'if (!isNormal(state) || isPrimary(state)) return;',
        replace: 'if (!state.file.base || isPrimary(state)) return;',
      },
    ],
  },
  {
    name: 'stale-base-is-promised',
    rule: 'R8',
    says: 'A voter promises a candidate whose base is below its own, and accepts what it then proposes.',
    file: 'server/replication/voter.ts',
    replacements: [
      {
        find: "if (base && compareViews(ask.base.number, base.number) < 0) return because('stale-base');",
        replace: '',
      },
      { find: 'if (!mayReplace) return;', replace: '' },
    ],
  },
  {
    name: 'accepted-views-are-not-reported',
    rule: 'R8',
    says: 'A promise does not tell of the views that the voter has accepted.',
    file: 'server/replication/voter.ts',
    replacements: [{ find: 'heldBefore,\n    pending,', replace: 'heldBefore,\n    pending: [],' }],
  },
  {
    name: 'accepted-views-are-ignored',
    rule: 'R9',
    says: 'A candidate wins only its base, not the views that others have accepted since (H5).',
    file: 'server/replication/quorum.ts',
    replacements: [
      {
        find: 'if (compareViews(view.number, base.number) > 0 && ',
        replace: 'if (compareViews(view.number, base.number) < 0 && ',
      },
    ],
  },
  {
    name: 'any-accepted-view-is-void',
    rule: 'R9',
    says: 'A view that somebody has accepted is passed over as soon as any member of it supports the candidate.',
    file: 'server/replication/quorum.ts',
    replacements: [
      { find: '!accepted.some((view) => sameView(view.number, pending.number)),', replace: 'accepted.length >= 0,' },
    ],
  },
  {
    name: 'newest-accepted-view-only',
    rule: 'R9',
    says: 'Of several accepted views only the newest has to be won (H17).',
    isLeftToExplorer: true,
    file: 'server/replication/quorum.ts',
    replacements: [
      {
        find: '.sort((a, b) => compareViews(a.number, b.number))',
        replace: '.sort((a, b) => compareViews(a.number, b.number)).slice(-1)',
      },
    ],
  },
  {
    name: 'half-without-the-first',
    rule: 'R9',
    says: 'Exactly half of a view is enough, with or without its first living member (H13).',
    file: 'server/replication/quorum.ts',
    replacements: [
      {
        find: 'if (2 * votes === total && isLive(counted[0]!)) return true;',
        replace: 'if (2 * votes === total) return true;',
      },
    ],
  },
  {
    name: 'half-with-the-first-listed',
    rule: 'R9',
    says: 'A half is enough with whoever is first of those present, not first of all that are not dead.',
    file: 'server/replication/quorum.ts',
    replacements: [{ find: 'isLive(counted[0]!)', replace: 'isLive(live[0]!)' }],
  },
  {
    name: 'next-life-votes-as-the-former',
    rule: 'R1',
    says: 'A server that came back votes as the life that the view lists (H3).',
    file: 'server/replication/quorum.ts',
    replacements: [
      {
        find: 'replicas.some(({ replica }) => sameIncarnation(replica!, member));',
        replace: 'replicas.some(({ replica }) => replica!.id === member.id && replica!.disk === member.disk);',
      },
    ],
  },
  {
    name: 'most-disks-are-enough',
    rule: 'R15',
    says: 'After everything stopped, most disks of a view are enough to go on, not all.',
    file: 'server/replication/quorum.ts',
    replacements: [
      {
        find: 'if (disks.length === view.members.length) return true;',
        replace: 'if (2 * disks.length > view.members.length) return true;',
      },
    ],
  },
  {
    name: 'clean-deaths-name-addresses',
    rule: 'R5',
    says: 'A clean death of one life counts against every later life at that address (H4).',
    file: 'server/replication/quorum.ts',
    replacements: [
      { find: 'supporter.cleanDead.map(incarnationKey)', replace: 'supporter.cleanDead.map(({ id }) => id as string)' },
      { find: '!cleanDead.has(incarnationKey(member))', replace: '!cleanDead.has(member.id)' },
    ],
  },
];
