import type { Address } from '../../shared/ids.ts';
import type { Incarnation } from '../../shared/views.ts';
import { isServing } from './lease.ts';
import type { Hello } from './messages.ts';
import { type Context, isPrimary, memberOf, notice, type ReplicaState, send } from './replica-state.ts';

/**
 * R1, R19b: may this replica have anything to do with that one? Another cluster, replication factor, way to take refused
 * connects or protocol, and a folder that was copied or put back from an older state, are refused by name.
 */
export function isAcceptable(context: Context, peer: Hello): boolean {
  const { state, config } = context;
  const { clusterId } = state.file;
  if (peer.self.id === state.file.id) {
    if (peer.self.disk !== state.file.disk)
      notice(context, `Another server answers at our own address ${peer.self.id}.`);
    return false;
  }
  if (isUninvited(context, peer.self.id, peer.clusterId)) return false;
  if (clusterId !== '' && peer.clusterId !== '' && clusterId !== peer.clusterId) {
    const text = `The server ${peer.self.id} belongs to another cluster (${peer.clusterId}) than this one (${clusterId}).`;
    const mayYield = config.role === 'replica' && mayJoin(config, peer.self.id) && !wasEverComplete(state);
    if (mayYield && peer.complete) {
      context.outputs.push({ type: 'start-over', text: `${text} This one was never complete and gives way.` });
    } else {
      notice(context, text);
      // The other one may be complete the next time that it says hello.
      if (mayYield) context.outputs.push({ type: 'dial-again', address: peer.self.id });
    }
    return false;
  }
  return hasSameSettings(context, peer) && isCurrent(context, peer);
}

/**
 * R19b: another cluster calls a server that has none and was not told of it. The caller may have been told of our address by mistake, or by
 * its defaults; whoever started this server has not chosen that cluster.
 */
export function isUninvited(context: Context, from: Address, itsClusterId: string): boolean {
  const { state, config } = context;
  if (state.file.clusterId !== '' || itsClusterId === '' || mayJoin(config, from)) return false;
  const text = `The server ${from} belongs to a cluster that this server was not told of, so it does not join it; if it should, start it with --join ${from}.`;
  notice(context, text);
  // Once this one has a cluster, it may be the same.
  context.outputs.push({ type: 'dial-again', address: from });
  return true;
}

/** R19b: what all servers of a cluster have to agree on. Whoever joins one that serves otherwise does not run on. */
function hasSameSettings(context: Context, peer: Hello): boolean {
  const text = differenceTo(context.config, peer);
  if (text === '') return true;
  const isItsCluster = peer.base !== null && (context.state.file.base === null || peer.serves);
  if (isServing(context)) {
    notice(context, text);
  } else if (isItsCluster) {
    context.outputs.push({ type: 'refuse-to-run', text, isWrongUse: true });
  } else {
    notice(context, text);
    // Which of the two is wrong shows when one of them serves.
    context.outputs.push({ type: 'dial-again', address: peer.self.id });
  }
  return false;
}

/** Whether the cluster of that server is one that this server was told of; one machine has many names for itself. */
function mayJoin({ joinsKnownOnly, knownAddresses }: Context['config'], server: Address): boolean {
  const port = loopbackPort(server);
  return (
    !joinsKnownOnly ||
    knownAddresses.some((known) => known === server || (port !== undefined && loopbackPort(known) === port))
  );
}

function loopbackPort(address: Address): string | undefined {
  return /^(?:localhost|127\.0\.0\.1|\[::1\]):(\d+)$/.exec(address)?.[1];
}

function differenceTo({ replicationFactor, trustRefused }: Context['config'], peer: Hello): string {
  const { id } = peer.self;
  if (peer.replicationFactor !== replicationFactor) {
    return `The server ${id} has replication factor ${peer.replicationFactor}, this one ${replicationFactor}; all servers of a cluster need the same.`;
  }
  if (peer.trustRefused !== trustRefused) {
    const word = (trusts: boolean) => (trusts ? 'always' : 'never');
    return `The server ${id} runs with --trust-refused ${word(peer.trustRefused)}, this one with ${word(trustRefused)}; all servers of a cluster need the same.`;
  }
  return '';
}

/** R19b: perhaps only by an entry that is in the log and not known to be committed: after a crash nothing after the snapshot is. */
export function wasEverComplete({ complete, log }: ReplicaState): boolean {
  return complete || log.entriesInMemory.some(({ event }) => event === 'cluster:complete');
}

function turnAway(context: Context, whom: Incarnation, nonce: string): void {
  const { state } = context;
  if (isPrimary(state)) send(context, whom.id, { type: 'turn-away', view: state.file.base!.number, whom, nonce });
}

/** R1: a copy goes on asking; when its hello came, there may have been no primary to turn it away. */
export function turnAwayCopy(context: Context, from: Incarnation, nonce: string): void {
  const met = context.state.met.get(from.disk);
  if (!met || from.disk === context.state.file.disk) return;
  const isOlder = from.incarnation < met.incarnation;
  if (isOlder || (from.incarnation === met.incarnation && nonce !== met.nonce)) turnAway(context, from, nonce);
}

/** R1: an incarnation below one known for its disk, or equal with another nonce, is a copy. */
function isCurrent(context: Context, peer: Hello): boolean {
  const { state } = context;
  const { id, disk, incarnation } = peer.self;
  const met = state.met.get(disk);
  const listed = state.file.base ? memberOf(state.file.base, id) : undefined;
  const lowest = Math.max(met?.incarnation ?? 0, listed?.disk === disk ? listed.incarnation : 0);
  const isCopy = incarnation < lowest || (met?.incarnation === incarnation && met.nonce !== peer.nonce);
  if (isCopy || disk === state.file.disk) {
    turnAway(context, peer.self, peer.nonce);
    notice(
      context,
      `The server ${id} runs on a folder that was copied or put back from an older state (start ${incarnation}, known ${lowest}); it is refused.`,
    );
    return false;
  }
  state.met.set(disk, { incarnation, nonce: peer.nonce });
  return true;
}
