import type { PlantedBug } from './planted-bug.ts';

/** Mistakes with witnesses, with folders that were put back, and with leaving. */
export const bugsOfWitnessesAndLives: readonly PlantedBug[] = [
  {
    name: 'witness-forgets-what-it-accepted',
    rule: 'R16',
    says: 'A witness accepts a view and does not keep it (H10).',
    file: 'server/replication/witness.ts',
    options: ['--witnesses', '2'],
    replacements: [{ find: 'pending: [...kept, record].sort', replace: 'pending: [...kept].sort' }],
  },
  {
    name: 'witness-accepts-below-its-promise',
    rule: 'R16',
    says: 'A witness accepts a view although it has promised a higher one.',
    file: 'server/replication/voter.ts',
    options: ['--witnesses', '2'],
    replacements: [{ find: 'compareViews(promised, record.number) > 0 :', replace: 'promised === null :' }],
  },
  {
    name: 'silence-of-a-witness-voids',
    rule: 'R9',
    says: 'A view that a witness promised but has not accepted counts as void (H19).',
    isLeftToExplorer: true,
    file: 'server/replication/quorum.ts',
    options: ['--witnesses', '2'],
    replacements: [
      {
        find: '({ replica, pending: accepted }) =>\n      replica !== undefined &&\n      pending',
        replace:
          '({ replica, witness, pending: accepted }) =>\n      pending.witnesses.some(({ id }) => id === witness?.id) && accepted.length === 0 || replica !== undefined &&\n      pending',
      },
    ],
  },
  {
    name: 'returned-disks-vote-by-majority',
    rule: 'R9',
    says: 'With witnesses, most of the disks and witnesses of a view are enough to go on after everything stopped (H11).',
    isLeftToExplorer: true,
    file: 'server/replication/quorum.ts',
    options: ['--witnesses', '2'],
    replacements: [
      {
        find: 'return view.members.length - syncedDisks + 2 * (witnessCount - syncedWitnesses) < witnessCount;',
        replace: 'return 2 * (syncedDisks + syncedWitnesses) > view.members.length + witnessCount;',
      },
    ],
  },
  {
    name: 'new-witnesses-are-not-waited-for',
    rule: 'R11',
    says: 'A view is installed before its new witnesses have accepted it.',
    file: 'server/replication/view-change.ts',
    options: ['--witnesses', '2'],
    replacements: [
      {
        find: '...newWitnessesOf(record, candidacy.overRecords)]',
        replace: '...newWitnessesOf(record, candidacy.overRecords).slice(2)]',
      },
    ],
  },
  {
    name: 'old-folder-passes-for-the-present-one',
    rule: 'R1',
    says: 'A server whose folder was put back from an older state is accepted as if nothing had happened.',
    file: 'server/replication/admission.ts',
    replacements: [
      { find: 'if (isCopy || disk === state.file.disk) {', replace: 'if (!isCopy && disk === state.file.disk) {' },
    ],
  },
  {
    name: 'farewell-before-the-end',
    rule: 'R23',
    says: 'A server that leaves says farewell first and answers what is in flight afterwards.',
    file: 'server/engine/leaving.ts',
    replacements: [
      {
        find: "driver.give({ type: 'leave' });",
        replace: "driver.give({ type: 'leave' });\n  driver.give({ type: 'farewell' });",
      },
    ],
  },
  {
    name: 'silent-backup-keeps-its-lease',
    rule: 'R8',
    says: 'A voter goes on granting leases to the member that the primary wants to drop.',
    file: 'server/replication/lease.ts',
    replacements: [{ find: 'nowMs + 2 * config.heartbeatTimeoutMs', replace: 'nowMs - 2 * config.heartbeatTimeoutMs' }],
  },
];
