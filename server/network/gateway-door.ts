import { type Handshake, handshakeSchema } from '../../shared/api.ts';
import { type ChatError, refusal } from '../../shared/errors.ts';
import { CLIENT_PROTOCOL } from '../../shared/limits.ts';
import { faultIn } from './gateway-checks.ts';
import type { ClientSocket, Connection } from './gateway-connection.ts';
import type { GatewayLimits } from './gateway-context.ts';

/** Lets sockets in: by what their handshake says, how many there are, and one for each client id. */
export class Door {
  readonly #limits: GatewayLimits;
  readonly #byClient = new Map<string, Connection>();
  readonly #byAddress = new Map<string, number>();
  #open = 0;

  constructor(limits: GatewayLimits) {
    this.#limits = limits;
  }

  /** @returns the handshake, or why the socket is refused */
  check({ handshake, conn }: ClientSocket): { handshake: Handshake } | { error: ChatError } {
    const sent: { protocol?: unknown } = handshake.auth;
    if (typeof sent.protocol === 'number' && sent.protocol !== CLIENT_PROTOCOL) {
      const theirs = `The client speaks protocol ${sent.protocol}`;
      const advice = 'use programs of the same version';
      return refusal('unsupported-protocol', `${theirs}, this server protocol ${CLIENT_PROTOCOL}; ${advice}.`);
    }
    const parsed = handshakeSchema.safeParse(sent);
    if (!parsed.success) return refusal('bad-request', `The handshake's ${faultIn(sent, parsed.error)}`);
    return this.#whyFull(parsed.data.clientId, conn.remoteAddress) ?? { handshake: parsed.data };
  }

  /** Counts a socket in. An older one of the same client is cut before the first request of the newer is read (R18). */
  enter(connection: Connection): void {
    this.#byClient.get(connection.clientId)?.socket.disconnect(true);
    this.#byClient.set(connection.clientId, connection);
    this.#byAddress.set(connection.address, (this.#byAddress.get(connection.address) ?? 0) + 1);
    this.#open += 1;
  }

  leave(connection: Connection): void {
    this.#open -= 1;
    if (this.#byClient.get(connection.clientId) === connection) this.#byClient.delete(connection.clientId);
    const left = this.#byAddress.get(connection.address)! - 1;
    if (left > 0) this.#byAddress.set(connection.address, left);
    else this.#byAddress.delete(connection.address);
  }

  #whyFull(clientId: string, address: string): { error: ChatError } | undefined {
    // It takes the place of its older socket.
    if (this.#byClient.has(clientId)) return undefined;
    const { connectionsMax, connectionsPerAddressMax } = this.#limits;
    if (this.#open >= connectionsMax) {
      return refusal('too-many-connections', `All ${connectionsMax} connections are taken; try another server.`);
    }
    if ((this.#byAddress.get(address) ?? 0) >= connectionsPerAddressMax) {
      const taken = `${connectionsPerAddressMax} connections come from ${address} already`;
      return refusal('too-many-connections', `${taken}, and no more are possible; close some.`);
    }
    return undefined;
  }
}
