import type { PeerMessage } from '../../../server/replication/messages.ts';
import { CLIENT_COVERAGE } from './client-coverage.ts';

/** Every message between servers. The type checker says so when one is missing. */
const MESSAGE_TYPES: Record<PeerMessage['type'], true> = {
  ping: true,
  pong: true,
  gossip: true,
  prepare: true,
  'prepare-ok': true,
  commit: true,
  'start-view-change': true,
  promise: true,
  refuse: true,
  'start-view': true,
  'view-ok': true,
  installed: true,
  'fetch-log': true,
  'join-me': true,
  'log-chunk': true,
  'read-check': true,
  'read-ok': true,
  farewell: true,
  'turn-away': true,
  relay: true,
  relayed: true,
  presence: true,
  typing: true,
};

/** What becomes of a message at its receiver. */
export type Reception = 'acted on' | 'without effect' | 'from the dead or an earlier life';

/** A gossip renews what is known of its sender; a question for rows is always answered; whoever says farewell and counts, is dead then. */
export const ALWAYS_ACTED_ON: ReadonlySet<PeerMessage['type']> = new Set(['gossip', 'fetch-log', 'farewell']);

export function sentNote(type: PeerMessage['type']): string {
  return `message ${type}: sent`;
}

export function receptionNote(type: PeerMessage['type'], reception: Reception): string {
  return `message ${type}: ${reception}`;
}

/** The interesting states of the rules of PROTOCOL.md, as they are noted. */
export const RULE_NOTES = [
  'R1 a copied or old folder is turned away',
  'R1 a server starts over as another disk',
  'R1 a later life of a known disk is met',
  'R2 promised a candidate',
  'R2 refused because of a higher promise',
  'R3 a backup says that something is missing',
  'R3 the primary sends again',
  'R4 committed by all',
  'R4 committed alone',
  'R5a dead by a refused connect',
  'R5b dead because another life answers',
  'R5c dead by its farewell',
  'R5 dead by the word of a candidate',
  'R5 a refusal that proves nothing',
  'R6a a ping without an answer',
  'R6a a ping while condemned',
  'R6d a clean death',
  'R6d a death that is not clean',
  'R6d a promise is repeated with more deaths',
  'R7 the primary asks for a view',
  'R7 a backup asks for a view',
  'R7 a member that promised more asks for a view',
  'R7 asked with disks that came back',
  'R7 a probe led to a promise',
  'R7 given up while probing',
  'R7 given up while promising',
  'R7 given up while fetching',
  'R7 given up while proposing',
  'R7 its own disk hangs',
  'R8 refused because of a stale base',
  'R8 refused because of a lease',
  'R8 refused because it is not listed',
  'R8 condemned',
  "R8 took the candidate's base",
  'R9 a pending view is reported',
  'R9 a pending view is won',
  'R9 a void pending view',
  'R9 all answer and it is not enough',
  'R9 W1 decided',
  'R9 W2 decided by a majority',
  'R9 W2 decided by half with the first',
  'R9 W2 decided with a cleanly dead one left out',
  'R9 W3 decided',
  'R9 the candidate copies a longer log',
  'R10 accepted at once',
  'R10 accepted after a copy',
  'R10 set entries aside',
  'R10 a start-view that is too late',
  'R11 installed',
  'R11 installed over several views',
  'R12 learned a pending view',
  'R13 heard of a view that it never accepted',
  'R13 a member is left out',
  'R14 follows as an outsider',
  'R14 rows from the storage',
  'R14 asked from lower',
  'R14 a joiner is taken in',
  'R14 a joiner dies while it is taken in',
  'R14 joiner crashes during transfer while the primary is paused',
  'R15 all are back',
  'R15 some are back',
  'R16 a witness promises',
  'R16 a witness accepts',
  'R16 a witness is polite to the primary',
  'R16 two witnesses are taken in',
  'R16 a witness is replaced',
  'R17 read confirmed by leases',
  'R17 read confirmed by ReadCheck',
  'R17 read confirmed alone',
  'R17 a ReadCheck that is not confirmed',
  'R19b a cluster is formed',
  'R19b the cluster is complete',
  'R20 force',
  'R20 a force is refused',
  'R20 heard of a forced view',
  'R21 a spare follows a full view',
  'R21 a spare takes the place of a lost member',
  'R22 paused',
  'R22 slept unnoticed',
  'R23 leaves',
  'R23 says farewell',
  'R23 promises nothing while leaving',
] as const;

export type RuleNote = (typeof RULE_NOTES)[number];

/** What runs should reach, taken together. */
export const EXPECTED_COVERAGE: readonly string[] = [
  ...(Object.keys(MESSAGE_TYPES) as PeerMessage['type'][]).flatMap((type) => [
    sentNote(type),
    receptionNote(type, 'acted on'),
    ...(ALWAYS_ACTED_ON.has(type) ? [] : [receptionNote(type, 'without effect')]),
    receptionNote(type, 'from the dead or an earlier life'),
  ]),
  ...RULE_NOTES,
  ...CLIENT_COVERAGE,
];
