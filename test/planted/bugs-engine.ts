import type { PlantedBug } from './planted-bug.ts';

/** Mistakes between the core and the clients: carrying out what it decides, answering, and starting again. */
export const bugsInTheEngine: readonly PlantedBug[] = [
  {
    name: 'judged-before-applied',
    rule: 'R18',
    says: 'A new primary judges requests while what its log holds is not applied yet.',
    file: 'server/engine/replicated.ts',
    replacements: [
      {
        find: 'this.#driver.isSettled && this.isPrimary() && isPrimary(this.#state);',
        replace: 'isPrimary(this.#state);',
      },
    ],
  },
  {
    name: 'judged-by-a-state-left-behind',
    rule: 'R18',
    says: 'A primary judges requests without knowing whether others went on without it.',
    file: 'server/engine/replicated.ts',
    replacements: [{ find: '!this.#canJudge || !holdsAllLeases(this.#driver.context)', replace: '!this.#canJudge' }],
  },
  {
    name: 'under-way-is-put-in-the-log-again',
    rule: 'R18',
    says: 'A request that comes again while it is under way gets a second place in the log.',
    file: 'server/engine/submissions.ts',
    replacements: [
      { find: 'if (same) {', replace: 'if (same && same.asked !== asked) {' },
      {
        find: 'if (request <= highest) {',
        replace: 'if (request < highest) {',
      },
    ],
  },
  {
    name: 'queue-survives-the-end-of-a-view',
    rule: 'R18',
    says: 'Requests that were abandoned stay in the queue and enter the log when the server is primary again.',
    file: 'server/engine/submissions.ts',
    replacements: [{ find: 'this.#heldBehind.clear();\n    this.#queue = [];', replace: 'this.#heldBehind.clear();' }],
  },
  {
    name: 'waiting-for-a-name-is-overtaken',
    rule: 'R18',
    says: 'While a request waits for the name that another one creates, what its client asks next is done.',
    file: 'server/engine/submissions.ts',
    replacements: [{ find: 'this.#heldBehind.set(client, creating);', replace: '' }],
  },
  {
    name: 'abandoned-is-told-as-not-done',
    rule: 'R18',
    says: 'A primary that cannot tell how a request ends says that it surely had no effect.',
    file: 'server/engine/submissions.ts',
    replacements: [{ find: '{ ...why, definite: false }', replace: '{ ...why, definite: true }' }],
  },
  {
    name: 'message-ids-by-chance',
    rule: 'R18',
    says: 'A message gets a random id, so that a repeated request is answered with another one.',
    file: 'server/engine/session-keys.ts',
    replacements: [{ find: '#shortDigest(`message ', replace: '#shortDigest(Math.random() + `message ' }],
  },
  {
    name: 'view-file-is-not-awaited',
    rule: 'R2',
    says: 'What follows a write of the view file is done without waiting for the disk.',
    file: 'server/engine/replica-driver.ts',
    replacements: [
      {
        find: 'this.#isWriting = true;\n        storage.writeViewFile(output.file, done);\n        return true;',
        replace: 'storage.writeViewFile(output.file, () => (this.#writtenFile = output.file));\n        return false;',
      },
    ],
  },
  {
    name: 'hello-tells-what-is-not-written',
    rule: 'R11',
    says: 'A hello tells of a view that is about to be written, as if it were installed.',
    file: 'server/engine/replica-driver.ts',
    replacements: [{ find: 'pending } = this.#writtenFile;', replace: 'pending } = this.state.file;' }],
  },
  {
    name: 'hello-before-the-incarnation-is-written',
    rule: 'R1',
    says: 'A server says hello before its new incarnation is on its disk.',
    file: 'server/engine/replica-driver.ts',
    replacements: [
      {
        find: 'storage.writeViewFile(this.state.file, (failure) => {',
        replace:
          'storage.writeViewFile(this.state.file, () => {});\n      const begin = (failure?: StorageFailure) => {',
      },
      { find: 'resolve();\n      });', replace: 'resolve();\n      };\n      begin();' },
    ],
  },
  {
    name: 'incarnation-stays-the-same',
    rule: 'R1',
    says: 'A server that starts again takes itself for the life that ended.',
    file: 'server/engine/recovery.ts',
    replacements: [{ find: '(viewFile?.incarnation ?? 0) + 1', replace: 'Math.max(viewFile?.incarnation ?? 0, 1)' }],
  },
  {
    name: 'failed-write-is-ignored',
    rule: 'R19',
    says: 'A log write that failed counts as done.',
    file: 'server/engine/replica-driver.ts',
    replacements: [
      {
        find: "if (failure) return this.#fail(failure);\n      this.give({ type: 'appended'",
        replace: "void failure;\n      this.give({ type: 'appended'",
      },
    ],
  },
  {
    name: 'clocks-are-not-compared',
    rule: 'R22',
    says: 'A sleep that the monotonic clock did not count goes unnoticed.',
    file: 'server/engine/replica-driver.ts',
    replacements: [{ find: '<= SLEPT_MS) return', replace: '>= 0) return' }],
  },
  {
    name: 'earlier-confirmation-answers-later-reads',
    rule: 'R17',
    says: 'A confirmation answers reads that were asked after it was sought.',
    file: 'server/engine/pending-reads.ts',
    replacements: [
      {
        find: 'if (read.checkId === null || read.checkId > checkId) continue;',
        replace: 'if (read.checkId === null) continue;',
      },
    ],
  },
  {
    name: 'primary-reads-like-a-backup',
    rule: 'R17',
    says: 'A primary answers reads from its state without finding out whether it still is the primary.',
    file: 'server/engine/replicated.ts',
    replacements: [
      {
        find: 'if (isPrimary(this.#state) || this.#isExtending) {\n      const checkId',
        replace: 'if (this.#driver.isStopped) {\n      const checkId',
      },
    ],
  },
  {
    name: 'backup-ignores-seen',
    rule: 'R17',
    says: 'A backup answers a read from its state although the client has seen more.',
    file: 'server/engine/replicated.ts',
    replacements: [
      {
        find: 'else if (wait.position <= this.chat.position && this.#mayAnswer)',
        replace: 'else if (this.#mayAnswer)',
      },
    ],
  },
  {
    name: 'snapshot-without-the-client-table',
    rule: 'R18',
    says: 'The client table is not part of the snapshot.',
    file: 'server/engine/snapshots.ts',
    replacements: [{ find: '[this.#clientTable(), this.#index(), ', replace: '[this.#index(), ' }],
  },
  {
    name: 'index-forgets-deletions',
    rule: 'R17',
    says: 'The index of messages in a snapshot does not tell what was deleted since the one before.',
    file: 'server/state/message-index.ts',
    replacements: [{ find: 'const changes = [...archive.changes];', replace: 'const changes: Change[] = [];' }],
  },
  {
    name: 'snapshot-claims-more-than-it-holds',
    rule: 'R18',
    says: 'A snapshot is named after the last durable operation, not after the last applied one.',
    file: 'server/engine/snapshots.ts',
    replacements: [{ find: 'const op = chat.position;', replace: 'const op = state.log.durableOp;' }],
  },
  {
    name: 'stored-log-without-comparing',
    rule: 'R14',
    says: 'Who lags far behind is sent what is on disk after its last operation, without comparing what comes before.',
    file: 'server/engine/log-replies.ts',
    replacements: [
      {
        find: 'const mismatch = (fromOp === 0 ? GENESIS_CHAIN : found[0]?.chain) !== chain;',
        replace: 'const mismatch = false;',
      },
    ],
  },
  {
    name: 'serves-before-it-is-complete',
    rule: 'R19b',
    says: 'A cluster takes requests before it ever had all its servers.',
    file: 'server/engine/replicated.ts',
    replacements: [{ find: 'this.#isExtending) && this.#state.complete;', replace: 'this.#isExtending);' }],
  },
];
