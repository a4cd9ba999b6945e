import { ProtocolClient } from '../chaos/protocol-client.ts';
import { type Cluster, pause } from '../support/cluster.ts';

const USERNAME = 'eraser';
const PASSWORD = 'correct horse battery';
const RETRY_MS = 100;

/** Somebody who writes to herself and takes it all back, so that there is something to remove from the files. */
export class Eraser {
  readonly #cluster: Cluster;
  #isKnown = false;
  #written = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** @returns texts that were sent and deleted, both acknowledged */
  async erase(primary: number, count: number): Promise<string[]> {
    const client = await ProtocolClient.open(this.#cluster.addresses[primary]!);
    try {
      await this.#logIn(client);
      const texts = Array.from({ length: count }, () => `to be erased ${++this.#written} `.padEnd(500, '.'));
      const ids = await Promise.all(
        texts.map(async (body, index) => {
          const reply = await client.request('message:send', { request: 2 + index, to: USERNAME, body });
          if (!reply.ok) throw new Error(`A message was not sent: ${reply.error.message}`);
          return reply.id;
        }),
      );
      await Promise.all(
        ids.map(async (id, index) => {
          const reply = await client.request('message:delete', { request: 2 + count + index, id });
          if (!reply.ok) throw new Error(`A message was not deleted: ${reply.error.message}`);
        }),
      );
      return texts;
    } finally {
      client.close();
    }
  }

  /** Repeated under the same number until it is done. */
  async #logIn(client: ProtocolClient): Promise<void> {
    const event = this.#isKnown ? 'session:open' : 'account:create';
    while (!(await client.request(event, { request: 1, username: USERNAME, password: PASSWORD })).ok)
      await pause(RETRY_MS);
    this.#isKnown = true;
  }
}
