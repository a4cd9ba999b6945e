import type { PlantedBug } from './planted-bug.ts';

/** Mistakes of the client library. */
export const bugsInTheClient: readonly PlantedBug[] = [
  {
    name: 'outbox-gets-new-numbers',
    rule: 'R18',
    says: 'A client that starts again sends what it left behind under new numbers.',
    file: 'client/outbox-sender.ts',
    replacements: [
      {
        find: 'const item = itemOf(stored, undefined);',
        replace: 'const item = itemOf({ ...stored, request: store.takeNumber() }, undefined);',
      },
    ],
  },
  {
    name: 'outbox-is-not-kept',
    rule: 'R18',
    says: 'What was typed is not written to the outbox, so that a crash of the client loses it.',
    file: 'client/outbox-sender.ts',
    replacements: [{ find: 'this.#options.store.addToOutbox(stored);', replace: 'Promise.resolve();' }],
  },
  {
    name: 'resent-under-new-numbers',
    rule: 'R18',
    says: 'After a move to another server unanswered requests are sent under new numbers.',
    file: 'client/request-queue.ts',
    replacements: [
      {
        find: 'for (const entry of this.#entries) entry.sentOver = undefined;',
        replace:
          'for (const entry of this.#entries) {\n      entry.sentOver = undefined;\n      if (entry.write.transmitted) entry.write.request += 100_000;\n    }',
      },
    ],
  },
  {
    name: 'new-requests-go-first',
    rule: 'R18',
    says: 'After a move to another server new requests are sent before those that are sent again.',
    file: 'client/request-queue.ts',
    replacements: [
      {
        find: 'for (const entry of this.#entries) {\n      if (!entry.write.durable',
        replace:
          'for (const entry of [...this.#entries].sort((a, b) => Number(a.write.transmitted) - Number(b.write.transmitted))) {\n      if (!entry.write.durable',
      },
    ],
  },
  {
    name: 'unavailable-counts-as-failed',
    rule: 'R18',
    says: "A refusal for the server's own state is reported to the user as the end of the request.",
    file: 'client/request-queue.ts',
    replacements: [{ find: 'error.definite && !SERVER_STATE_CODES.has(error.code)', replace: 'error.definite' }],
  },
  {
    name: 'indefinite-counts-as-failed',
    rule: 'R18',
    says: 'Any refusal ends a request, also one that says that it may have been done.',
    file: 'client/request-queue.ts',
    replacements: [{ find: 'error.definite && !SERVER_STATE_CODES.has(error.code)', replace: 'error.code.length > 0' }],
  },
  {
    name: 'forgotten-is-done-again',
    rule: 'R18',
    says: 'What no server remembers is sent again by the client under another id.',
    whyNotSimulated: 'Servers forget a client after 30 days; test/client looks at what its library does then.',
    file: 'client/starting-over.ts',
    replacements: [
      {
        find: "(write.transmitted && write.event !== 'session:open' ? unknown : kept)",
        replace: '(write.transmitted && write.request < 0 ? unknown : kept)',
      },
    ],
  },
  {
    name: 'missed-is-not-asked-for',
    rule: 'R17',
    says: 'After a move to another server the client does not ask for what it missed.',
    file: 'client/replay.ts',
    replacements: [
      {
        find: 'this.#told ??= Math.min(fresh, ready.position);',
        replace: 'this.#told = Math.max(this.#told ?? 0, Math.min(fresh, ready.position), ready.position);',
      },
    ],
  },
  {
    name: 'known-position-is-told-again',
    rule: 'R17',
    says: 'What is both pushed and replayed is told twice.',
    file: 'client/replay.ts',
    replacements: [{ find: 'if (position <= this.#told!) return;', replace: '' }],
  },
  {
    name: 'reads-without-seen',
    rule: 'R17',
    says: 'A client asks a backup without saying what it has seen.',
    file: 'client/reads.ts',
    replacements: [{ find: 'read.carriesSeen && position > 0', replace: 'read.carriesSeen && position < 0' }],
  },
  {
    name: 'answers-do-not-count-as-told',
    rule: 'R17',
    says: 'What a client has read at one backup may be missing when it reads at the next.',
    file: 'client/reads.ts',
    replacements: [{ find: 'if (read.era === seen().era) saw(position);', replace: '' }],
  },
];
