import { holdsAllLeases } from '../../../server/replication/lease.ts';
import type { Output } from '../../../server/replication/messages.ts';
import {
  type Candidacy,
  type Context,
  heardOf,
  isListed,
  isNormal,
  isPrimary,
  type LogCopy,
  type ReplicaState,
} from '../../../server/replication/replica-state.ts';
import { incarnationKey, type ViewFile } from '../../../shared/views.ts';

/** What can be told of a replica's state at a moment. Taken before and after a step, since the step changes the state. */
export interface StepFacts {
  readonly file: ViewFile;
  readonly isWitness: boolean;
  readonly isListed: boolean;
  readonly isNormal: boolean;
  readonly isPrimary: boolean;
  readonly isLeaving: boolean;
  readonly isComplete: boolean;
  readonly isDiskHung: boolean;
  readonly holdsAllLeases: boolean;
  readonly commit: number;
  readonly logEnd: number;
  readonly attempt: number;
  readonly candidacy: (Candidacy & { readonly frozenPhase: Candidacy['phase'] }) | null;
  readonly copyPurpose: LogCopy['purpose'] | null;
  readonly dead: ReadonlySet<string>;
  readonly cleanDead: ReadonlySet<string>;
  /** Condemned members, and until when. */
  readonly condemned: ReadonlyMap<string, number>;
  /** The disks met, and the highest incarnation of each. */
  readonly met: ReadonlyMap<string, number>;
  readonly linkCount: number;
  readonly learners: number;
  /** How many servers that hold data it has heard of, itself included. */
  readonly replicasHeardOf: number;
  /** Changes whenever anything does that a message may bring about without an output. */
  readonly fingerprint: string;
  readonly nowMs: number;
}

/** @param context of which only the state, the role, the time-out and the time are looked at */
export function factsOf({ state, config, nowMs }: FactsSource): StepFacts {
  const { file, log, candidacy, commit, attempt } = state;
  const sum = (times: ReadonlyMap<string, number>) => [...times.values()].reduce((total, time) => total + time, 0);
  const fingerprint = [
    ...[commit, log.endOp, log.durableOp, state.complete, state.dead.size, state.links.size, state.copy?.purpose],
    ...[sum(state.answeredAtMs), sum(state.leaseUntilMs), sum(state.acknowledged), sum(state.resentAtMs)],
    ...[candidacy?.phase, candidacy?.number.round, candidacy?.supporters.size, candidacy?.accepted.size],
    ...[state.readChecks.map(({ waitingFor }) => waitingFor.size).join(), state.retryAtMs, state.copy?.askedAtMs],
    ...[...state.learners.values()].map(({ op }) => op),
  ];
  return {
    file,
    isWitness: config.role === 'witness',
    isListed: isListed(state),
    isNormal: isNormal(state),
    isPrimary: isPrimary(state),
    isLeaving: state.leaving,
    isComplete: state.complete,
    isDiskHung: state.appendingSinceMs !== null && nowMs - state.appendingSinceMs > config.heartbeatTimeoutMs / 2,
    holdsAllLeases: holdsAllLeases({ state, config, nowMs, outputs: [] as Output[] } as Context),
    commit,
    logEnd: log.endOp,
    attempt,
    candidacy: candidacy && { ...candidacy, supporters: new Map(candidacy.supporters), frozenPhase: candidacy.phase },
    copyPurpose: state.copy?.purpose ?? null,
    dead: new Set(state.dead.keys()),
    cleanDead: new Set(state.cleanDead.keys()),
    condemned: new Map(state.condemnedUntilMs),
    met: new Map([...state.met].map(([disk, { incarnation }]) => [disk, incarnation])),
    linkCount: state.links.size,
    learners: state.learners.size,
    replicasHeardOf: heardOf(state).filter((address) => !isWitness(state, address)).length,
    fingerprint: fingerprint.join(' '),
    nowMs,
  };
}

function isWitness({ links, file }: ReplicaState, address: string): boolean {
  const listed = file.base?.witnesses.some(({ id }) => id === address) ?? false;
  return listed || [...links.values()].some(({ role, self }) => role === 'witness' && self.id === address);
}

/** What {@link factsOf} needs of a replica. */
export interface FactsSource {
  readonly state: Context['state'];
  readonly config: Pick<Context['config'], 'role' | 'heartbeatTimeoutMs'>;
  readonly nowMs: number;
}

/** Whether a message of that incarnation counts at all (R1, R5). */
export function isAcceptedFrom(facts: StepFacts, from: { id: string; disk: string; incarnation: number }): boolean {
  return facts.met.get(from.disk) === from.incarnation && !facts.dead.has(incarnationKey(from as never));
}
