import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { io as dial, type Socket } from 'socket.io-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createIo, PEERS_PATH } from '../../server/network/io.ts';
import { askServer } from '../../server/network/peer-operator.ts';
import { proofOf } from '../../server/network/peer-proof.ts';
import { PeerNetwork } from '../../server/network/peers.ts';
import type { Address } from '../../shared/ids.ts';
import { PEER_PROTOCOL } from '../../shared/limits.ts';
import { freePorts } from '../support/cluster.ts';

const SECRET = 'a secret of more than sixteen characters';
const NONCE = 'cd'.repeat(16);
const PATIENCE_MS = 10_000;

/** A server as operators reach it, which remembers what it was asked. */
async function openServer(answer: (ask: unknown) => Promise<unknown>, secret = SECRET) {
  const httpServer = createHttpServer();
  const io = createIo(httpServer);
  await new Promise<void>((listening) => httpServer.listen(0, '127.0.0.1', listening));
  const address = `localhost:${(httpServer.address() as AddressInfo).port}` as Address;
  const said: string[] = [];
  const openRows = () => ({ entries: [] });
  const network = new PeerNetwork(io.peers, address, {
    path: PEERS_PATH,
    secret,
    openRows,
    log: (text) => said.push(text),
  });
  const asked: unknown[] = [];
  network.serveOperator((ask) => {
    asked.push(ask);
    return answer(ask);
  });
  onTestFinished(async () => {
    await io.close();
    httpServer.close();
  });
  return { address, asked, said };
}

function knock(address: Address): Promise<{ socket: Socket; nonce: string }> {
  const socket = dial(`http://127.0.0.1:${address.split(':')[1]}/peers`, {
    path: PEERS_PATH,
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    auth: { protocol: PEER_PROTOCOL, nonce: NONCE },
  });
  onTestFinished(() => void socket.disconnect());
  return new Promise((resolve) => {
    socket.once('challenge', ({ nonce }: { nonce: string }) => resolve({ socket, nonce }));
  });
}

describe('an operator’s question to a running server', () => {
  it('is answered when both know the secret', async () => {
    const { address, asked } = await openServer(async (ask) => ({ got: ask }));
    const ask = { command: 'standings' };
    expect(await askServer(address, SECRET, ask, PATIENCE_MS)).toEqual({ answer: { got: ask } });
    expect(asked).toEqual([ask]);
  });

  it('R25: is not even sent to a server with another secret, which is not shown ours either', async () => {
    const { address, asked } = await openServer(async () => 'never');
    for (const secret of ['', 'another secret of many characters']) {
      const answered = await askServer(address, secret, { command: 'standings' }, PATIENCE_MS);
      expect(answered).toEqual({ problem: expect.stringContaining('--secret-file'), isReached: true });
    }
    expect(asked).toEqual([]);
  });

  it('R25: is refused from somebody who does not answer the challenge', async () => {
    const { address, asked, said } = await openServer(async () => 'never');
    for (const proof of [undefined, 7, '', proofOf('another secret of many characters', 'dialer', NONCE, 'x')]) {
      const { socket } = await knock(address);
      const gone = new Promise((resolve) => socket.once('disconnect', resolve));
      socket.emit('operator', { proof, ask: { command: 'force' } }, () => {});
      expect(await gone).toBe('io server disconnect');
    }
    expect(asked).toEqual([]);
    expect(said).toEqual([expect.stringContaining("does not know the cluster's secret")]);
  });

  it('is one for each connection, and has to want an answer', async () => {
    const { address, asked } = await openServer(async () => 'done');
    const { socket, nonce } = await knock(address);
    const proof = proofOf(SECRET, 'dialer', NONCE, nonce);
    expect(await socket.emitWithAck('operator', { proof, ask: 1 })).toBe('done');
    socket.emit('operator', { proof, ask: 2 }, () => {});
    const other = await knock(address);
    const gone = new Promise((resolve) => other.socket.once('disconnect', resolve));
    other.socket.emit('operator', { proof: proofOf(SECRET, 'dialer', NONCE, other.nonce), ask: 3 });
    expect(await gone).toBe('io server disconnect');
    expect(asked).toEqual([1]);
  });

  it('ends the connection when it cannot be answered', async () => {
    const { address } = await openServer(() => Promise.reject(new Error('the disk')));
    const answered = await askServer(address, SECRET, {}, PATIENCE_MS);
    expect(answered).toEqual({ problem: expect.stringContaining('ended the connection'), isReached: true });
  });

  it('says whether anybody was there', async () => {
    const [free] = await freePorts(1);
    const nobody = await askServer(`localhost:${free}` as Address, SECRET, {}, PATIENCE_MS);
    expect(nobody).toEqual({
      problem: expect.stringContaining(`localhost:${free} can't be reached`),
      isReached: false,
    });
    const mute = createServer();
    await new Promise<void>((listening) => mute.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void mute.close());
    const address = `localhost:${(mute.address() as AddressInfo).port}` as Address;
    expect(await askServer(address, SECRET, {}, 200)).toMatchObject({ isReached: false });
  });
});
