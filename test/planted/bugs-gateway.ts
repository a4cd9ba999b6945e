import type { PlantedBug } from './planted-bug.ts';

/** Mistakes where the clients' requests arrive. */
export const bugsInTheGateway: readonly PlantedBug[] = [
  {
    name: 'refused-numbers-are-not-marked',
    rule: 'R18',
    says: "After a refusal for the server's own state later numbers of the socket are served all the same.",
    file: 'server/network/gateway-service.ts',
    replacements: [
      {
        find: 'connection.mark(numbered.request, reply.error);',
        replace: 'connection.markedRefusal(numbered.request);',
      },
    ],
  },
  {
    name: 'any-number-lifts-a-mark',
    rule: 'R18',
    says: 'A mark is forgotten as soon as any number comes, not only the refused one.',
    file: 'server/network/gateway-connection.ts',
    replacements: [
      { find: 'if (request === this.#mark.request || ', replace: 'if (request >= this.#mark.request || ' },
    ],
  },
  {
    name: 'later-writes-overtake-a-password',
    rule: 'R18',
    says: 'While a password is hashed, later requests of the same socket are served.',
    file: 'server/network/gateway-connection.ts',
    replacements: [{ find: 'if (this.#held) {\n      if (', replace: 'if (this.#held && this.closed) {\n      if (' }],
  },
  {
    name: 'older-socket-is-not-cut',
    rule: 'R18',
    says: 'The older socket of a client goes on when a newer one comes.',
    file: 'server/network/gateway-door.ts',
    replacements: [{ find: 'this.#byClient.get(connection.clientId)?.socket.disconnect(true);', replace: '' }],
  },
  {
    name: 'pushes-begin-a-message-late',
    rule: 'R17',
    says: 'A socket is told a position at which it is ready, and the next operation is not pushed to it.',
    file: 'server/network/gateway-presence.ts',
    replacements: [
      {
        find: 'this.pushes.begin(connection, id, position);',
        replace: 'this.pushes.begin(connection, id, position + 1);',
      },
    ],
  },
  {
    name: 'history-skips-the-rest-of-a-page',
    rule: 'R17',
    says: 'A page that is full says that it reaches to the end.',
    file: 'server/state/history.ts',
    replacements: [
      { find: 'return { ...page, position: last, more: true };', replace: 'return { ...page, more: true };' },
    ],
  },
  {
    name: 'deletion-is-forgotten-in-history',
    rule: 'R17',
    says: 'Who asks for what it missed is not told which messages were deleted.',
    file: 'server/state/history.ts',
    replacements: [
      {
        find: 'page.deletions.push({ id: archive.idOf(message), position: this.key });',
        replace: 'void 0;',
      },
    ],
  },
];
