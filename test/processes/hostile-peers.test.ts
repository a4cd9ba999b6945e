import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { io, type Socket } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { proofOf } from '../../server/network/peer-proof.ts';
import { PEER_PROTOCOL } from '../../shared/limits.ts';
import { historyOf } from '../chaos/audit.ts';
import { PASSWORD, Talker } from '../chaos/talker.ts';
import { Cluster } from '../support/cluster.ts';

const SECRET = 'a secret of more than sixteen characters';
const NONCE = 'ab'.repeat(16);
const VIEW = { epoch: 0, round: 9, candidate: 'localhost:1' };

describe('strangers at the door of the servers', () => {
  let parent: string;
  let cluster: Cluster;
  let ana: Talker;
  let target: number;
  let pids: (number | undefined)[];
  const sockets: Socket[] = [];

  beforeAll(async () => {
    parent = mkdtempSync(join(tmpdir(), 'understudy-'));
    const secretFile = join(parent, 'cluster.secret');
    writeFileSync(secretFile, `${SECRET}\n`);
    cluster = await Cluster.started({ parentFolder: parent, args: ['--secret-file', secretFile] });
    ana = await Talker.joined('ana', cluster.addresses);
    target = await cluster.untilComplete();
    pids = cluster.servers.map(({ process: child }) => child?.pid);
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.disconnect();
    // Whatever was sent: the same processes are one view, and serve.
    await cluster.untilComplete();
    await ana.say('ana');
    expect(cluster.servers.map(({ process: child }) => child?.pid)).toEqual(pids);
    expect(await historyOf(cluster.addresses[target]!, 'ana', PASSWORD)).toHaveLength(ana.acknowledged.length);
  });

  afterAll(async () => {
    await ana?.close();
    await cluster?.close();
    rmSync(parent, { recursive: true, force: true });
  });

  function knock(auth: object): Socket {
    const { port } = cluster.servers[target]!;
    const socket = io(`http://127.0.0.1:${port}/peers`, {
      path: '/peers.io/',
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      auth,
    });
    sockets.push(socket);
    return socket;
  }

  function refusal(auth: object): Promise<string> {
    const socket = knock(auth);
    return new Promise((resolve, reject) => {
      socket.once('connect_error', (error) => resolve(error.message));
      socket.once('challenge', () => reject(new Error('it was let in')));
    });
  }

  /** Answers the challenge and says hello. @returns the answer, or `gone` when the server ends the connection */
  function sayHello(secret: string, hello: unknown): Promise<{ socket: Socket; answer: unknown }> {
    const socket = knock({ protocol: PEER_PROTOCOL, nonce: NONCE });
    return new Promise((resolve) => {
      socket.once('disconnect', () => resolve({ socket, answer: 'gone' }));
      socket.once('challenge', ({ nonce }: { nonce: string }) => {
        const said = { proof: proofOf(secret, 'dialer', NONCE, nonce), hello };
        socket.emit('hello', said, (answer: unknown) => resolve({ socket, answer }));
      });
    });
  }

  const stranger = () => ({
    protocol: PEER_PROTOCOL,
    role: 'replica',
    clusterId: '',
    complete: false,
    replicationFactor: 3,
    trustRefused: true,
    serves: false,
    self: { id: 'localhost:1', disk: '0b6fbc5e-5a33-4fc9-8ab9-3a8a4a0e6f11', incarnation: 1 },
    nonce: NONCE,
    promised: { epoch: 0, round: 0, candidate: '' },
    base: null,
    pending: [],
    last: { view: '', op: 0, chain: '' },
    known: [],
  });

  it('another protocol is refused with both numbers, and a handshake without a nonce', async () => {
    expect(await refusal({ protocol: 999, nonce: NONCE })).toContain(`${PEER_PROTOCOL}, not 999`);
    expect(await refusal({ nonce: NONCE })).toContain(`${PEER_PROTOCOL}, not undefined`);
    expect(await refusal({ protocol: PEER_PROTOCOL })).toContain('nonce');
    expect(await refusal({ protocol: PEER_PROTOCOL, nonce: 'x'.repeat(1000) })).toContain('nonce');
  });

  it('R25: whoever does not know the secret learns nothing and is sent away', async () => {
    for (const secret of ['', 'another secret of many characters']) {
      expect((await sayHello(secret, stranger())).answer).toBe('gone');
    }
    expect(cluster.output(target)).toContain("does not know the cluster's secret");
    expect((await cluster.status(target))?.cluster.known).not.toContain('localhost:1');
  });

  it('greetings that are no greeting end the connection and nothing else', async () => {
    for (const said of [null, 7, 'hello', [], {}, { proof: null }, { proof: {}, hello: {} }]) {
      const socket = knock({ protocol: PEER_PROTOCOL, nonce: NONCE });
      const gone = new Promise((resolve) => socket.once('disconnect', resolve));
      socket.once('challenge', () => socket.emit('hello', said));
      expect(await gone).toBe('io server disconnect');
    }
  });

  it('bytes that are no Socket.IO end the connection and nothing else', async () => {
    const { port } = cluster.servers[target]!;
    const upgrade =
      'GET /peers.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
    for (const bytes of [
      '\0\xff\x80 nonsense\r\n\r\n',
      `${upgrade}\xff\xff\xff\xff not a frame`,
      `${upgrade}\x81\x03abc`,
    ]) {
      await new Promise<void>((gone) => {
        const socket = connect({ host: '127.0.0.1', port }, () => socket.write(Buffer.from(bytes, 'latin1')));
        socket.on('close', () => gone()).on('error', () => {});
        socket.resume();
      });
    }
  });

  it.each([
    { what: 'a hello without fields', hello: { self: { id: 'localhost:1' } } },
    { what: 'a hello with wrong types', hello: { ...stranger(), base: 7, pending: 'x', known: 9, last: null } },
    { what: 'a hello of another protocol', hello: { ...stranger(), protocol: 999 } },
  ])('$what is refused even from somebody who knows the secret', async ({ hello }) => {
    expect((await sayHello(SECRET, hello)).answer).toBe('gone');
  });

  it.each([
    null,
    7,
    'x',
    {},
    { type: 'nothing' },
    { type: 'constructor' },
    { type: 'ping' },
    { type: 'prepare', view: VIEW, previousChain: 'x', rows: 'no,row\n', firstOp: 1, commit: 9 },
    { type: 'prepare', rows: 7 },
    { type: 'gossip', base: null, known: 7 },
    { type: 'promise', number: null },
    { type: 'start-view-change', number: VIEW, members: [null] },
    { type: 'log-chunk' },
  ])('a message that is none, from somebody who knows the secret, ends the connection: %j', async (message) => {
    const { socket, answer } = await sayHello(SECRET, stranger());
    expect(answer).toMatchObject({ hello: { self: { id: cluster.addresses[target] } } });
    const gone = new Promise((resolve) => socket.once('disconnect', resolve));
    socket.emit('message', message);
    expect(await gone).toBe('io server disconnect');
  });
});
