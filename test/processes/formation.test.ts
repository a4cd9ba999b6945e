import { afterEach, describe, expect, it } from 'vitest';
import { ProtocolClient } from '../chaos/protocol-client.ts';
import { PASSWORD } from '../chaos/talker.ts';
import { Cluster } from '../support/cluster.ts';

describe('three servers on empty folders', () => {
  let cluster: Cluster;

  afterEach(() => cluster.close());

  it.each([{ order: [0, 1, 2] }, { order: [2, 1, 0] }, { order: [1, 0, 2] }])(
    'R19b: started in the order $order they become one cluster, and acknowledge nothing before',
    async ({ order }) => {
      cluster = await Cluster.make();
      const [first, second, third] = order as [number, number, number];
      await cluster.start(first);
      await cluster.start(second);
      const early = order.indexOf(0) < 2 ? 0 : first;
      const waits = early === 0 ? '1 more server before the cluster is complete' : 'a server of the cluster to join';
      await cluster.until('the first two wait', async () => (await cluster.status(early))?.waitingFor === waits);
      const client = await ProtocolClient.open(cluster.addresses[early]!);
      try {
        const ask = { request: 1, username: 'ana', password: PASSWORD };
        expect(await client.request('account:create', ask)).toMatchObject({
          ok: false,
          error: { code: 'unavailable' },
        });
        await cluster.start(third);
        expect(await cluster.untilComplete()).toBe(0);
      } finally {
        client.close();
      }
      const later = await ProtocolClient.open(cluster.addresses[0]!);
      try {
        const ask = { request: 1, username: 'ana', password: PASSWORD };
        const reply = await later.request('account:create', ask);
        expect(reply, JSON.stringify(reply)).toMatchObject({ ok: true, username: 'ana' });
      } finally {
        later.close();
      }
      await cluster.untilLogsEqual();
    },
  );
});
