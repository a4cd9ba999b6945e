import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import { onTestFinished } from 'vitest';
import { attachGateway, type Gateway } from '../../server/network/gateway.ts';
import type { After } from '../../server/network/gateway-connection.ts';
import type { GatewayLimits } from '../../server/network/gateway-context.ts';
import { createHttpListener } from '../../server/network/http.ts';
import { type ClientServer, createIo, type IoOptions } from '../../server/network/io.ts';
import { createMetrics, type Metrics } from '../../server/network/metrics.ts';
import type { Passwords } from '../../server/network/passwords.ts';
import type { ChatError } from '../../shared/errors.ts';
import { InstantEngine } from '../support/instant-engine.ts';

/** A reply as a test looks at it: `error` when refused, else the event's fields. */
export interface TestReply {
  ok: boolean;
  error?: ChatError;
  [field: string]: unknown;
}

/** Passwords that cost nothing and answer when the test lets them. */
export class StagePasswords implements Passwords {
  asked = 0;
  fail: Error | undefined;
  #waiting: (() => void)[] | undefined;

  hold(): void {
    this.#waiting ??= [];
  }

  release(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const go of waiting) go();
  }

  async hash(password: string): Promise<string> {
    await this.#turn();
    return `plain ${password}`;
  }

  async verify(password: string, stored: string): Promise<boolean> {
    await this.#turn();
    return stored === `plain ${password}`;
  }

  async close(): Promise<void> {}

  async #turn(): Promise<void> {
    this.asked += 1;
    if (this.fail) throw this.fail;
    if (this.#waiting) await new Promise<void>((go) => this.#waiting?.push(go));
  }
}

/** Timers that run when the test says so. */
export class ManualTimers {
  readonly #waiting = new Set<{ delayMs: number; run: () => void }>();

  readonly after: After = (delayMs, run) => {
    const timer = { delayMs, run };
    this.#waiting.add(timer);
    return () => void this.#waiting.delete(timer);
  };

  count(delayMs: number): number {
    return [...this.#waiting].filter((timer) => timer.delayMs === delayMs).length;
  }

  /** Lets those run that were to wait for so long. */
  run(delayMs: number): void {
    for (const timer of [...this.#waiting]) {
      if (timer.delayMs !== delayMs || !this.#waiting.delete(timer)) continue;
      timer.run();
    }
  }
}

interface StageOptions {
  limits?: Partial<GatewayLimits>;
  io?: IoOptions;
  passwords?: Passwords;
  after?: After;
}

/** A gateway before an instant engine, listening on 127.0.0.1. Taken down when the test ends. */
export class Stage {
  readonly engine: InstantEngine;
  readonly passwords = new StagePasswords();
  readonly faults: unknown[] = [];
  readonly url: string;
  readonly gateway: Gateway;

  private constructor(
    clients: ClientServer,
    url: string,
    options: StageOptions,
    engine: InstantEngine,
    metrics: Metrics,
  ) {
    this.engine = engine;
    this.url = url;
    this.gateway = attachGateway(clients, engine, options.passwords ?? this.passwords, {
      limits: options.limits ?? {},
      metrics,
      ...(options.after ? { after: options.after } : {}),
      onFault: (error) => this.faults.push(error),
    });
  }

  static async open(options: StageOptions = {}): Promise<Stage> {
    const engine = new InstantEngine();
    const metrics = createMetrics(engine);
    const httpServer = createServer(createHttpListener(engine, metrics));
    const servers = createIo(httpServer, options.io);
    await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
    const { port } = httpServer.address() as AddressInfo;
    const stage = new Stage(servers.clients, `http://127.0.0.1:${port}`, options, engine, metrics);
    onTestFinished(async () => {
      await servers.close();
      httpServer.closeAllConnections();
      await new Promise((resolve) => httpServer.close(resolve));
    });
    return stage;
  }

  /** A socket with a client id of its own, connected. */
  async connect(auth: Record<string, unknown> = {}): Promise<TestClient> {
    const client = this.client(auth);
    await client.connected();
    return client;
  }

  /** A socket that has not been waited for. */
  client(auth: Record<string, unknown> = {}): TestClient {
    return new TestClient(this.url, { protocol: 1, clientId: randomUUID(), ...auth });
  }

  /** A socket on which a new account of that name is logged in. */
  async account(username: string): Promise<TestClient> {
    const client = await this.connect();
    await client.ask('account:create', { request: client.next(), username, password: `${username}-password` });
    await client.heard('session:ready');
    return client;
  }
}

export class TestClient {
  readonly socket: Socket;
  readonly auth: Record<string, unknown>;
  /** All that was pushed, in order. */
  readonly events: { event: string; payload: Record<string, unknown> }[] = [];
  /** Of a refused handshake. */
  refused: ChatError | undefined;
  closedFor: string | undefined;
  #request = 0;

  /** @param headers of its handshake, besides the usual ones */
  constructor(url: string, auth: Record<string, unknown>, headers: Record<string, string> = {}) {
    this.auth = auth;
    const options = { forceNew: true, reconnection: false, transports: ['websocket'], extraHeaders: headers };
    this.socket = io(url, { auth, ...options });
    this.socket.onAny((event: string, payload: Record<string, unknown>) => this.events.push({ event, payload }));
    this.socket.on('connect_error', (error) => {
      this.refused = (error as Error & { data?: ChatError }).data;
    });
    this.socket.on('disconnect', (reason) => {
      this.closedFor = reason;
    });
    onTestFinished(() => void this.socket.disconnect());
  }

  /** The next request number. */
  next(): number {
    this.#request += 1;
    return this.#request;
  }

  ask(event: string, fields?: unknown): Promise<TestReply> {
    return new Promise((resolve) => this.socket.emit(event, fields, resolve));
  }

  /** Asks a write under the next number. */
  write(event: string, fields: object = {}): Promise<TestReply> {
    return this.ask(event, { request: this.next(), ...fields });
  }

  async connected(): Promise<void> {
    await until(() => this.socket.connected || this.refused !== undefined);
    if (this.refused) throw new Error(`refused: ${this.refused.code} ${this.refused.message}`);
  }

  /** The payload of the count-th event of that name. */
  async heard(event: string, count = 1): Promise<Record<string, unknown>> {
    await until(() => this.all(event).length >= count);
    return this.all(event)[count - 1]!;
  }

  all(event: string): Record<string, unknown>[] {
    return this.events.filter((one) => one.event === event).map(({ payload }) => payload);
  }

  /** Everything that the server sent before has arrived once this resolves. */
  async settled(): Promise<void> {
    await this.ask('cluster:status', {});
  }

  /** The WebSocket below, for what no well-behaved client sends. */
  get webSocket(): { send(text: string | Uint8Array): void; pause(): void } {
    const engine = this.socket.io.engine as unknown as {
      transport: { ws: { send(text: string): void; pause(): void } };
    };
    return engine.transport.ws as never;
  }
}

/** Waits for a condition; how long is bounded by the test's time-out. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2);
}
