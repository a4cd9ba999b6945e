import { createReplica, newViewFile } from '../../server/replication/replica.ts';
import { NO_VIEW } from '../../shared/ids.ts';
import type { ViewRecord } from '../../shared/views.ts';
import { TIMEOUT_MS } from '../support/replication-fixtures.ts';
import { standStill } from './abstract-time.ts';
import { connect } from './contacts.ts';
import { Histories } from './history.ts';
import { Inputs } from './inputs.ts';
import { type Bounds, type Model, Nets, type Probes, type World } from './model.ts';
import { addressOf, diskOf, isWitnessName, lifeOf, serverNames } from './names.ts';
import { Servers } from './servers.ts';
import { Steps } from './steps.ts';
import { Transition } from './transition.ts';

export interface ModelOptions {
  readonly probes: Probes;
  /** Appended rows become durable by a move of their own. */
  readonly slowDisks: boolean;
  /** A primary may be followed by somebody who has not heard yet that its view is installed. */
  readonly lateNews: boolean;
  /** Invariants that are not judged, as `I6`: to see what else comes of it. */
  readonly ignored: readonly string[];
}

/** Empty tables. */
export function newModel(bounds: Bounds, options: ModelOptions): Model {
  const names = serverNames(bounds.replicas, bounds.witnesses);
  const servers = new Servers(names);
  const inputs = new Inputs();
  const steps = new Steps(servers, inputs, options.slowDisks);
  const histories = new Histories(new Set(options.ignored));
  const { probes, lateNews } = options;
  return { names, bounds, probes, lateNews, servers, inputs, steps, histories, nets: new Nets() };
}

/** All run in view 1, whose record is committed everywhere; nothing is under way. */
export function firstWorld(model: Model): World {
  const { names, histories, nets } = model;
  const record: ViewRecord = {
    clusterId: 'explored',
    number: { epoch: 0, round: 1, candidate: addressOf(names[0]!) },
    members: names.filter((name) => !isWitnessName(name)).map((name) => lifeOf(name, 1)),
    witnesses: names.filter(isWitnessName).map((name) => ({ id: addressOf(name), disk: diskOf(name) })),
    replicationFactor: model.bounds.replicas,
    over: [],
    baseNumber: NO_VIEW,
  };
  const servers = names.map((name) => start(model, name, record));
  const used = { numbers: 0, operations: 0, crashes: 0, restarts: 0, losses: 0 };
  const nothing = histories.intern({ committed: [], acknowledged: 0, installed: [], proposed: [], used });
  const history = histories.after(nothing, { type: 'installed', record, chains: [] });
  if (typeof history === 'string') throw new Error(history);
  let world: World = { servers, net: nets.intern([]), history };
  const transition = new Transition(model, world);
  for (const one of names.keys()) for (const other of names.keys()) if (one !== other) connect(transition, one, other);
  transition.give(0, model.inputs.intern({ type: 'begin' }));
  transition.settle();
  world = transition.finish();
  for (let mail = world.net.mails[0]; mail; mail = world.net.mails[0]) {
    const next = new Transition(model, world);
    next.lose(mail);
    next.deliver(mail);
    next.settle();
    if (next.broken !== '') throw new Error(next.broken);
    world = next.finish();
  }
  return world;
}

function start({ servers }: Model, name: string, base: ViewRecord) {
  const self = lifeOf(name, 1);
  const file = { ...newViewFile(self, TIMEOUT_MS), clusterId: base.clusterId, promised: base.number, base };
  const recovered = { file, snapshot: null, entries: [], complete: true, sessionKey: 'key' };
  const config = servers.configOf(self);
  // Long enough ago that an earlier life, which there was none of, binds nothing.
  const running = createReplica(recovered, config, 0);
  standStill(running, config.retryMs);
  return servers.intern({ running, file: running.file, entries: [] });
}
