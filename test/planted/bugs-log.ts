import type { PlantedBug } from './planted-bug.ts';

/** Mistakes in normal operation, in the log, and in copying it. */
export const bugsInTheLog: readonly PlantedBug[] = [
  {
    name: 'acknowledge-before-sync',
    rule: 'R3',
    says: 'A backup acknowledges what it has appended, not what is durable.',
    file: 'server/replication/normal-operation.ts',
    replacements: [{ find: 'op: state.log.durableOp,', replace: 'op: state.log.endOp,' }],
  },
  {
    name: 'primary-counts-undurable',
    rule: 'R4',
    says: 'The primary counts its own entries before its disk has them.',
    file: 'server/replication/normal-operation.ts',
    replacements: [{ find: 'let op = state.log.durableOp;', replace: 'let op = state.log.endOp;' }],
  },
  {
    name: 'commit-by-majority',
    rule: 'R4',
    says: 'An operation counts as committed when most members have it, not all.',
    file: 'server/replication/normal-operation.ts',
    replacements: [
      {
        find: 'for (const member of otherMembers(state)) op = Math.min(op, state.acknowledged.get(member.id) ?? 0);',
        replace:
          'const have = [op, ...otherMembers(state).map(({ id }) => state.acknowledged.get(id) ?? 0)].sort((a, b) => b - a);\n  op = have[Math.floor(have.length / 2)]!;',
      },
    ],
  },
  {
    name: 'prepare-leaves-a-gap',
    rule: 'R3',
    says: 'After a reconnect the primary goes on where it was, and a backup takes what comes without looking for a gap.',
    file: 'server/replication/normal-operation.ts',
    replacements: [
      { find: 'if (!follows) {', replace: 'if (!follows && prepare.entries[next]!.op <= log.endOp) {' },
      { find: 'state.sent.set(to, state.acknowledged.get(to)!);', replace: 'state.sent.set(to, state.log.endOp);' },
    ],
  },
  {
    name: 'durable-number-outlives-a-cut',
    rule: 'R10',
    says: 'After a cut the log still counts the rows that were there as durable.',
    file: 'server/replication/op-log.ts',
    replacements: [{ find: 'this.durableOp = Math.min(this.durableOp, op);', replace: '' }],
  },
  {
    name: 'start-commits-the-whole-disk',
    rule: 'R15',
    says: 'A replica that starts takes every row on its disk for committed.',
    file: 'server/replication/replica.ts',
    replacements: [{ find: 'commit: log.floor,', replace: 'commit: log.endOp,' }],
  },
  {
    name: 'learner-commits-its-own-tail',
    rule: 'R14',
    says: 'A learner commits up to the commit number that it is told, although its own log may differ there.',
    file: 'server/replication/replica.ts',
    replacements: [
      {
        find: 'commitThrough(context, Math.min(chunk.commit, sharedOp))',
        replace: 'commitThrough(context, chunk.commit)',
      },
    ],
  },
  {
    name: 'copy-without-comparing',
    rule: 'R10',
    says: 'Whoever copies a log is sent what follows its last operation number, without comparing what comes before.',
    file: 'server/replication/log-copy.ts',
    replacements: [
      {
        find: 'const mismatch = ask.fromOp > end || log.chainAt(ask.fromOp) !== ask.chain;',
        replace: 'const mismatch = ask.fromOp > end;',
      },
      {
        find: 'if (chunk.fromOp >= state.log.floor && state.log.chainAt(chunk.fromOp) !== chunk.previousChain) return undefined;',
        replace: '',
      },
    ],
  },
  {
    name: 'snapshot-forgets-the-answers',
    rule: 'R18',
    says: 'The client table comes back from a snapshot with the last numbers, but without the answers.',
    file: 'server/replication/client-table.ts',
    replacements: [{ find: "if (text !== '') for", replace: "if (text === 'nothing') for" }],
  },
  {
    name: 'snapshot-forgets-the-clients',
    rule: 'R18',
    says: 'The client table comes back empty from a snapshot.',
    file: 'server/replication/client-table.ts',
    replacements: [
      { find: 'this.#rows.set(client as ClientId, { last: Number(last)', replace: 'void ({ last: Number(last)' },
    ],
  },
  {
    name: 'last-request-is-done-again',
    rule: 'R18',
    says: "A client's last executed request, when it comes again, passes for a new one.",
    file: 'server/replication/client-table.ts',
    replacements: [
      {
        find: "if (request > row.last) return { type: 'new' };",
        replace: "if (request >= row.last) return { type: 'new' };",
      },
    ],
  },
];
