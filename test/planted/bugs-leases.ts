import type { PlantedBug } from './planted-bug.ts';

/** Mistakes with leases, proofs of death and reads. */
export const bugsInLeases: readonly PlantedBug[] = [
  {
    name: 'grant-after-a-promise',
    rule: 'R6a',
    says: 'A replica goes on granting a lease to a server that it has promised to leave out (H12).',
    file: 'server/replication/lease.ts',
    replacements: [
      { find: 'return state.promisedLists.every(', replace: 'return state.promisedLists.length < 0 || [].every(' },
    ],
  },
  {
    name: 'grants-forget-older-promises',
    rule: 'R6a',
    says: 'Promises that were made before a view was learned do not hinder grants in it (H18).',
    isLeftToExplorer: true,
    file: 'server/replication/voter.ts',
    replacements: [
      {
        find: 'state.installedAtMs = nowMs;\n  writeViewFile',
        replace: 'state.installedAtMs = nowMs;\n  state.promisedLists = [];\n  writeViewFile',
      },
    ],
  },
  {
    name: 'next-life-grants-as-the-former',
    rule: 'R6a',
    says: 'A server that came back grants leases in a view that lists its former life.',
    file: 'server/replication/lease.ts',
    replacements: [
      {
        find: 'if (!own || !sameView(own.number, base) || !isListed(state)) return false;',
        replace: 'if (!own || !sameView(own.number, base)) return false;',
      },
    ],
  },
  {
    name: 'lease-counts-from-the-answer',
    rule: 'R6b',
    says: 'A lease counts from when the answer came, not from when the ping was sent.',
    file: 'server/replication/lease.ts',
    replacements: [
      { find: 'const until = pong.echoMs + pong.leaseMs;', replace: 'const until = nowMs + pong.leaseMs;' },
    ],
  },
  {
    name: 'lease-as-long-as-the-grant',
    rule: 'R6c',
    says: 'A lease lasts as long as its grant binds, with no room for clocks that differ.',
    file: 'server/replication/lease.ts',
    replacements: [
      { find: '(heartbeatTimeoutMs / 1.05 - 2 * tickMs) / 10', replace: '(heartbeatTimeoutMs + 0 * tickMs) / 10' },
    ],
  },
  {
    name: 'lease-never-ends',
    rule: 'R6b',
    says: 'A lease that was granted once is relied on when it is over.',
    file: 'server/replication/lease.ts',
    replacements: [
      {
        find: 'return (state.leaseUntilMs.get(incarnationKey(member)) ?? 0) > nowMs;',
        replace: 'return (state.leaseUntilMs.get(incarnationKey(member)) ?? nowMs) !== nowMs;',
      },
    ],
  },
  {
    name: 'pong-of-another-view-counts',
    rule: 'R6b',
    says: 'An answer that was given in another view, perhaps to a former life, is taken for a lease.',
    whyNotSimulated:
      'A grant binds in whatever view comes next, and a connection carries nothing to another life: only a transport without connections could do harm.',
    file: 'server/replication/lease.ts',
    replacements: [
      { find: 'if (!isListed(state) || !sameView(state.file.base!.number, pong.base)) return;', replace: '' },
    ],
  },
  {
    name: 'promise-in-spite-of-a-grant',
    rule: 'R6c',
    says: 'A replica leaves a member out without waiting for what it granted that member to run out.',
    file: 'server/replication/lease.ts',
    replacements: [
      {
        find: 'waitMs = Math.max(waitMs, grantedAt + grantLengthMs(state) - nowMs);',
        replace: 'void grantedAt;',
      },
    ],
  },
  {
    name: 'grants-forgotten-at-a-start',
    rule: 'R6c',
    says: 'A replica that starts does not wait for what its former life granted (H14).',
    isLeftToExplorer: true,
    file: 'server/replication/replica.ts',
    options: ['--witnesses', '2'],
    replacements: [{ find: 'new Set(file.base?.members.map(incarnationKey))', replace: 'new Set()' }],
  },
  {
    name: 'death-without-a-lease-is-clean',
    rule: 'R6d',
    says: 'Every proven death counts as clean, with or without a lease of the dead one (H1, H2).',
    file: 'server/replication/deaths.ts',
    replacements: [
      {
        find: 'if (holdsLeaseOf(context, one)) {',
        replace: 'if (holdsLeaseOf(context, one) || state.dead.has(key)) {',
      },
    ],
  },
  {
    name: 'clean-death-told-of-a-later-base',
    rule: 'R6d',
    says: 'A promise is repeated with clean deaths that were seen in a later view (H15).',
    whyNotSimulated: 'A new promise takes the place of the one that could be repeated too late.',
    file: 'server/replication/deaths.ts',
    replacements: [
      {
        find: '!sameView(last.message.number, promised) || !sameView(last.message.baseNumber, base.number)',
        replace: 'promised === null',
      },
    ],
  },
  {
    name: 'refusal-kills-whoever-is-listed',
    rule: 'R5',
    says: 'A refused connect proves the death of everybody listed at that address, with or without a link to it before.',
    file: 'server/replication/deaths.ts',
    replacements: [
      {
        find: 'if (config.trustRefused && linked && !state.links.has(address)) recordDeath(context, linked);',
        replace:
          'if (config.trustRefused && !state.links.has(address)) for (const one of [linked, ...listedAt(context, address)]) if (one) recordDeath(context, one);',
      },
    ],
  },
  {
    name: 'refusal-always-trusted',
    rule: 'R5',
    says: 'A refused connect proves a death even where it must not be trusted.',
    file: 'server/replication/deaths.ts',
    replacements: [{ find: 'if (config.trustRefused && linked && !state', replace: 'if (config && linked && !state' }],
  },
  {
    name: 'lost-link-proves-death',
    rule: 'R5',
    says: 'A server whose connection ended counts as dead, before a fresh connect was refused.',
    file: 'server/replication/replica.ts',
    replacements: [
      {
        find: 'context.state.links.delete(address);\n',
        replace: 'context.state.links.delete(address);\n  recordRefused(context, address);\n',
      },
    ],
  },
  {
    name: 'leases-survive-sleep',
    rule: 'R22',
    says: 'After a sleep that its clock did not count a server relies on the leases from before.',
    file: 'server/replication/timers.ts',
    replacements: [{ find: 'state.leaseUntilMs.clear();', replace: '' }],
  },
  {
    name: 'answers-from-before-sleep-count',
    rule: 'R22',
    says: 'An answer to a ping from before a sleep that the clock did not count is taken for a lease.',
    file: 'server/replication/timers.ts',
    replacements: [{ find: 'state.sleptAtMs = nowMs;', replace: '' }],
  },
  {
    name: 'read-without-confirmation',
    rule: 'R17',
    says: 'A primary answers reads without leases and without asking anybody.',
    file: 'server/replication/normal-operation.ts',
    replacements: [
      {
        find: 'if (others.length === 0 || holdsAllLeases(context)) {',
        replace: 'if (others.length >= 0 || holdsAllLeases(context)) {',
      },
    ],
  },
  {
    name: 'read-with-one-lease',
    rule: 'R17',
    says: 'One lease is enough to answer reads, not those of all members.',
    file: 'server/replication/lease.ts',
    options: ['--replicas', '5'],
    replacements: [
      { find: 'return otherMembers(context.state).every(', replace: 'return otherMembers(context.state).some(' },
    ],
  },
  {
    name: 'read-confirmed-by-one',
    rule: 'R17',
    says: 'The first member that confirms a read is enough.',
    file: 'server/replication/normal-operation.ts',
    options: ['--replicas', '5'],
    replacements: [{ find: 'if (!check || check.waitingFor.size > 0) return;', replace: 'if (!check) return;' }],
  },
  {
    name: 'read-confirmed-in-spite-of-a-promise',
    rule: 'R17',
    says: 'A backup confirms reads to a primary that it has promised to leave.',
    file: 'server/replication/normal-operation.ts',
    replacements: [
      {
        find: 'if (!isBackupOf(context.state, from, check.view)) return;',
        replace: 'if (!sameView(context.state.file.base!.number, check.view)) return;',
      },
    ],
  },
];
