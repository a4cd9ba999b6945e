import type { Socket } from 'socket.io';
import { type Socket as DialedSocket, io } from 'socket.io-client';
import { type Address, splitAddress } from '../../shared/ids.ts';
import { PEER_PROTOCOL } from '../../shared/limits.ts';
import { PEERS_PATH } from './io.ts';
import { resolveHost } from './peer-link.ts';
import { isProof, newNonce, proofOf } from './peer-proof.ts';

/** Answers what an operator's program asked; what it asked is unchecked, but it knows the cluster's secret. */
export type OperatorHandler = (ask: unknown) => Promise<unknown>;

/**
 * The server's side: one question of somebody who answers the challenge as another server would.
 *
 * @param proof what the dialer has to send along
 * @param onStranger called when it does not
 */
export function serveOperatorOn(
  socket: Socket,
  proof: string,
  handler: () => OperatorHandler | null,
  onStranger: () => void,
): void {
  socket.once('operator', (said: { proof?: unknown; ask?: unknown } | null, answer: unknown) => {
    const serve = handler();
    const isKnown = isProof(said?.proof, proof);
    if (!isKnown) onStranger();
    if (!isKnown || !serve || typeof answer !== 'function') {
      socket.disconnect(true);
      return;
    }
    serve(said?.ask).then(
      (reply) => answer(reply),
      () => socket.disconnect(true),
    );
  });
}

/** An answer, or the sentence that says why there is none, and whether a server was there at all. */
export type Asked = { answer: unknown } | { problem: string; isReached: boolean };

/**
 * The operator's side: asks a running server, after each has shown the other that it knows the cluster's secret.
 *
 * @param secret empty for a cluster without one, which serves only its own machine
 */
export function askServer(address: Address, secret: string, ask: object, timeoutMs: number): Promise<Asked> {
  const { host, port } = splitAddress(address);
  const resolved = resolveHost(host);
  const dialerNonce = newNonce();
  const socket = io(`http://${resolved.includes(':') ? `[${resolved}]` : resolved}:${port}/peers`, {
    path: PEERS_PATH,
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    timeout: timeoutMs,
    auth: { protocol: PEER_PROTOCOL, nonce: dialerNonce },
  });
  return new Promise((resolve) => {
    let isOver = false;
    const finish = (asked: Asked) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(deadline);
      socket.disconnect();
      resolve(asked);
    };
    const fail = (problem: string, isReached: boolean) => finish({ problem, isReached });
    const deadline = setTimeout(() => fail(`${address} does not answer within ${timeoutMs} ms.`, false), timeoutMs);
    socket.on('connect_error', ({ message }) => {
      const isRefusal = !/^(websocket|xhr|timeout)/.test(message);
      fail(isRefusal ? `${address}: ${message}` : `The server ${address} can't be reached; is it running?`, isRefusal);
    });
    socket.on('disconnect', () => fail(`${address} ended the connection; its log says why.`, true));
    socket.on('challenge', (challenge: { nonce: string; proof: string } | null) => {
      if (!isProof(challenge?.proof, proofOf(secret, 'answerer', dialerNonce, challenge?.nonce ?? ''))) {
        fail(`${address} has another secret than this program; give the cluster's with --secret-file.`, true);
        return;
      }
      emitAsk(socket, proofOf(secret, 'dialer', dialerNonce, challenge!.nonce), ask, (answer) => finish({ answer }));
    });
  });
}

function emitAsk(socket: DialedSocket, proof: string, ask: object, onAnswer: (answer: unknown) => void): void {
  socket.emit('operator', { proof, ask }, onAnswer);
}
