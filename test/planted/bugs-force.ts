import type { PlantedBug } from './planted-bug.ts';

/** Mistakes about views that an operator forces. */
export const bugsInForcedViews: readonly PlantedBug[] = [
  {
    name: 'forced-although-others-serve',
    rule: 'R20',
    says: 'An operator may force a spare while the view that it follows serves.',
    file: 'server/replication/force.ts',
    replacements: [
      { find: 'if (other.serves) return', replace: 'if (other.serves && other.pending.length > 9) return' },
    ],
  },
  {
    name: 'forced-in-spite-of-a-longer-log',
    rule: 'R20',
    says: 'An operator may force a server although another one within reach has more of the same view.',
    file: 'server/replication/force.ts',
    replacements: [{ find: 'if (order === 0 && isAhead(', replace: 'if (order > 0 && isAhead(' }],
  },
  {
    name: 'forced-view-stays-in-its-epoch',
    rule: 'R20',
    says: 'A forced view gets the next round and not the next epoch, so that it is below views that it does not know.',
    file: 'server/replication/force.ts',
    replacements: [{ find: 'base!.number.epoch) + 1,', replace: 'base!.number.epoch),' }],
  },
  {
    name: 'what-was-lost-is-kept',
    rule: 'R20',
    says: 'A server that has applied what an operator gave up does not start over.',
    file: 'server/replication/log-copy.ts',
    replacements: [
      {
        find: "else if (state.copy!.purpose === 'join') {",
        replace: "else if (state.copy!.purpose === 'propose') {",
      },
    ],
  },
  {
    name: 'what-is-committed-is-given-up-without-a-force',
    rule: 'R20',
    says: 'A server starts over for the sake of any primary that has another log, in its own epoch, too.',
    file: 'server/replication/log-copy.ts',
    replacements: [{ find: 'const wasForced = view.epoch >', replace: 'const wasForced = view.epoch >=' }],
  },
  {
    name: 'forced-spare-without-a-key',
    rule: 'R25',
    says: 'A spare that is forced goes on without a session key.',
    file: 'server/replication/force.ts',
    replacements: [{ find: "if (state.sessionKey === '') {", replace: "if (newSessionKey === '') {" }],
  },
];
