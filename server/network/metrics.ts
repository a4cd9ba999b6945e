import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Engine } from '../engine/engine.ts';
import type { GatewayMetrics, SocketCount } from './gateway-context.ts';

/** The numbers behind `GET /metrics`, in a registry of their own. */
export interface Metrics extends GatewayMetrics {
  readonly registry: Registry;
}

/** Process metrics and `understudy_*`; state of the engine is looked up when the numbers are asked for. */
export function createMetrics(engine: Engine): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  gaugeOf('understudy_commit_number', 'Highest operation applied here', () => engine.status().commit);
  gaugeOf('understudy_view', 'Number of the installed view', () => engine.status().view);
  gaugeOf('understudy_epoch', 'How often an operator forced a view', () => engine.status().epoch);
  gaugeOf('understudy_primary', '1 at the primary, else 0', () => (engine.isPrimary() ? 1 : 0));
  gaugeOf('understudy_members', 'Servers in the view', () => engine.status().members.length);
  let countSockets = (): SocketCount => ({ open: 0, loggedIn: 0 });
  gaugeOf('understudy_connections', 'Open client sockets', () => countSockets().open);
  gaugeOf('understudy_connections_logged_in', 'Client sockets that are logged in', () => countSockets().loggedIn);
  const requests = new Counter({
    name: 'understudy_requests_total',
    help: 'Requests of clients by event and answer',
    labelNames: ['event', 'code'],
    registers,
  });
  const roundTrip = new Histogram({
    name: 'understudy_message_send_seconds',
    help: 'From the arrival of message:send to its acknowledgement',
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });

  function gaugeOf(name: string, help: string, current: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(current());
      },
    });
  }

  // Looking up a labelled counter costs more than counting: each is looked up once.
  const counters = new Map<string, Counter.Internal>();
  const counterFor = (event: string, code: string): Counter.Internal => {
    const key = `${event} ${code}`;
    let counter = counters.get(key);
    if (!counter) {
      counter = requests.labels(event, code);
      counters.set(key, counter);
    }
    return counter;
  };

  return {
    registry,
    request(event, code, elapsedMs) {
      counterFor(event, code).inc();
      if (event === 'message:send' && code === 'ok') roundTrip.observe(elapsedMs / 1000);
    },
    watchSockets(count) {
      countSockets = count;
    },
  };
}
