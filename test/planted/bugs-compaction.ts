import type { PlantedBug } from './planted-bug.ts';

/** Mistakes of compaction. */
export const bugsOfCompaction: readonly PlantedBug[] = [
  {
    name: 'compaction-as-of-now',
    rule: 'R27',
    says: 'Compaction removes what is deleted at the moment, not what was deleted when it was decided.',
    file: 'server/state/compactions.ts',
    replacements: [{ find: "goneAtOp > 0 && goneAtOp <= this.#op ? 'nothing'", replace: "goneAtOp > 0 ? 'nothing'" }],
  },
  {
    name: 'name-goes-with-the-password',
    rule: 'R27',
    says: 'Compaction removes the name of a deleted account although a message of it is still shown.',
    file: 'server/state/compactions.ts',
    replacements: [
      {
        find: "partAtOp <= this.#op ? 'part' : 'all';",
        replace: "partAtOp <= this.#op ? (this.#accounts.find(end)?.deletedAtOp ? 'nothing' : 'part') : 'all';",
      },
    ],
  },
  {
    name: 'who-is-gone-is-gone-at-once',
    rule: 'R27',
    says: 'Of an account of which nothing is left, the state forgets when that was.',
    file: 'server/state/compactions.ts',
    replacements: [{ find: 'gone?.partAtOp ?? this.#partAtOp(end)', replace: 'this.#partAtOp(end)' }],
  },
  {
    name: 'two-accounts-of-one-name-in-the-log',
    rule: 'R27',
    says: 'The primary appends the creation of an account while another one of the same name is under way.',
    file: 'server/engine/submissions.ts',
    replacements: [{ find: 'if (creating) {', replace: 'if (creating && asked === nameKey) {' }],
  },
  {
    name: 'compacted-rows-are-not-looked-at-again',
    rule: 'R27',
    says: 'Rows that a compaction has looked at are left out by later ones.',
    file: 'server/state/compactions.ts',
    replacements: [
      { find: 'if (after < this.#opBefore) return true;', replace: 'if (after >= firstOp) return false;' },
    ],
  },
  {
    name: 'shows-messages-without-their-text',
    rule: 'R27',
    says: 'A server that applies old rows answers reads although what it lacks is not deleted yet.',
    file: 'server/engine/replicated.ts',
    replacements: [{ find: 'return this.chat.isWhole || isPrimary', replace: 'return true || isPrimary' }],
  },
  {
    name: 'name-without-body-is-taken-for-empty',
    rule: 'R27',
    says: 'An account whose name was removed counts as one with an empty name, which only one may have.',
    file: 'server/state/name-index.ts',
    replacements: [
      {
        find: "add(one: T): void {\n    if (one.nameKey === '') return;",
        replace: 'add(one: T): void {',
      },
    ],
  },
];
