import type { PlantedBug } from './planted-bug.ts';

const SPREAD = ['--spread', '100'] as const;

/** Mistakes in what servers that follow the primary ask it for, and in what it makes of that. */
export const bugsInTheRelay: readonly PlantedBug[] = [
  {
    name: 'fresh-read-does-not-ask',
    rule: 'R17',
    says: 'A backup answers a fresh read from its state without asking the primary.',
    file: 'server/engine/replicated.ts',
    options: SPREAD,
    replacements: [{ find: "else if (seen === 'latest') {", replace: 'else if (this.#isLeaving) {' }],
  },
  {
    name: 'fresh-read-does-not-wait',
    rule: 'R17',
    says: 'A backup answers a fresh read when the primary has answered, before it has applied as much itself.',
    file: 'server/engine/replicated.ts',
    options: SPREAD,
    replacements: [
      {
        find: 'this.#reads.add({ ...wait, position, checkId: null }',
        replace: 'this.#reads.add({ ...wait, checkId: null }',
      },
    ],
  },
  {
    name: 'fresh-read-takes-an-earlier-answer',
    rule: 'R17',
    says: 'An answer of the primary counts for fresh reads that were asked after the question.',
    file: 'server/engine/fresh-reads.ts',
    options: SPREAD,
    replacements: [
      { find: '(waiting) => waiting.question !== null && waiting.question <= question', replace: '() => question > 0' },
    ],
  },
  {
    name: 'fresh-read-is-not-confirmed',
    rule: 'R17',
    says: 'The primary answers others without finding out whether it still is the primary.',
    file: 'server/engine/relay-primary.ts',
    options: SPREAD,
    replacements: [
      {
        find: 'this.#parts.confirm((position) => {',
        replace:
          'const now = (tell: (position?: number) => void) => tell(this.#parts.chat.position);\n    now((position) => {',
      },
    ],
  },
  {
    name: 'refusal-leaves-no-row',
    rule: 'R28',
    says: 'A request that came over a backup is refused for good, and nothing is left that says so.',
    file: 'server/engine/submissions.ts',
    options: SPREAD,
    replacements: [
      {
        find: "return spread === true && code !== 'not-logged-in';",
        replace: "return spread === true && code === 'internal';",
      },
    ],
  },
  {
    name: 'refusal-before-it-is-applied',
    rule: 'R28',
    says: 'A backup passes a refusal on before it has applied what the refusal was judged by.',
    file: 'server/engine/relay-follower.ts',
    options: SPREAD,
    replacements: [
      { find: 'filter((refused) => refused.position <= position)', replace: 'filter(() => position >= 0)' },
      { find: 'filter((refused) => refused.position > position)', replace: 'filter(() => position < 0)' },
    ],
  },
  {
    name: 'sent-again-newest-first',
    rule: 'R28',
    says: 'What waits at a backup is sent to the next primary in the wrong order.',
    file: 'server/engine/relayed-requests.ts',
    options: SPREAD,
    replacements: [
      {
        find: 'this.#unsent = [...this.#waiting.values()];',
        replace: 'this.#unsent = [...this.#waiting.values()].reverse();',
      },
    ],
  },
  {
    name: 'only-the-latest-is-sent-again',
    rule: 'R28',
    says: 'What was sent in a session that is over is not sent again, and what comes later is.',
    file: 'server/engine/relayed-requests.ts',
    options: SPREAD,
    replacements: [{ find: 'this.#unsent = [...this.#waiting.values()];', replace: '' }],
  },
  {
    name: 'gap-in-a-session',
    rule: 'R28',
    says: 'The primary does not notice that requests of a session got lost.',
    file: 'server/engine/relay-sessions.ts',
    options: SPREAD,
    replacements: [
      {
        find: 'if (first > current.taken) current.isOver = true;',
        replace: 'current.taken = Math.max(current.taken, first);',
      },
    ],
  },
  {
    name: 'session-goes-on',
    rule: 'R28',
    says: 'The primary goes on with a session in which it has refused a request for reasons of its own.',
    file: 'server/engine/relay-sessions.ts',
    options: SPREAD,
    replacements: [
      { find: 'if (current.isOver) return undefined;', replace: '' },
      { find: 'known.number !== session || known.isOver;', replace: 'known.number !== session;' },
    ],
  },
  {
    name: 'log-in-is-judged-by-the-backup',
    rule: 'R28',
    says: 'The primary does not look whether the log-in of a request that was passed on is still open.',
    file: 'server/engine/submissions.ts',
    options: SPREAD,
    replacements: [
      {
        find: "if (digest === undefined || account === '') return false;",
        replace: "if (digest !== undefined || account === '') return false;",
      },
    ],
  },
  {
    name: 'passed-on-past-what-is-under-way',
    rule: 'R28',
    says: 'A server that is no longer the primary passes requests on while earlier ones are under way in its own log.',
    file: 'server/engine/replicated.ts',
    options: SPREAD,
    replacements: [
      { find: 'return this.#submissions.inFlight === 0 && this.#held.isEmpty && this', replace: 'return this' },
    ],
  },
  {
    name: 'late-without-later-ones',
    rule: 'R28',
    says: 'A request that waited too long at a backup is refused, and what its client asked later is done.',
    file: 'server/engine/relayed-requests.ts',
    options: SPREAD,
    replacements: [
      {
        find: 'request >= (lowest.get(client) ?? Number.POSITIVE_INFINITY)',
        replace: 'request === lowest.get(client)',
      },
    ],
  },
  {
    name: 'new-primary-forgets-what-it-passed-on',
    rule: 'R28',
    says: 'A backup that becomes the primary does what it is asked now before what it had passed on.',
    file: 'server/engine/replicated.ts',
    options: SPREAD,
    replacements: [
      { find: 'if (this.isPrimary()) this.#takeOver();\n    const isPassedOn', replace: 'const isPassedOn' },
      {
        find: 'if (this.isPrimary()) this.#takeOver();\n    this.#announceFull',
        replace:
          'if (this.isPrimary() && this.#submissions.inFlight === 0) this.#parts.clock.after(300, () => this.#takeOver());\n    this.#announceFull',
      },
    ],
  },
];
