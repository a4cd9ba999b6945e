import { compareViews } from '../../shared/ids.ts';
import {
  type Incarnation,
  incarnationKey,
  sameIncarnation,
  sameWitness,
  type ViewRecord,
  type Witness,
} from '../../shared/views.ts';
import { type Context, isDead, isPrimary, noteRound, pendingAfter, send, writeViewFile } from './replica-state.ts';

/** How many witnesses a view has, if any: one alone would help nobody (PROTOCOL.md, "When to use witnesses"). */
const WITNESSES = 2;

/**
 * R16, politeness only: a witness that hears the primary of its base helps nobody else against it.
 *
 * @returns for how many milliseconds more, unless it hears it again; 0 when it may promise
 */
export function politenessMs({ state, config, nowMs }: Context, candidate: Incarnation, base: ViewRecord): number {
  const primary = base.members[0]!;
  if (sameIncarnation(primary, candidate) || isDead(state, primary)) return 0;
  const heardAtMs = state.heardAtMs.get(incarnationKey(primary)) ?? Number.NEGATIVE_INFINITY;
  return Math.max(0, heardAtMs + config.heartbeatTimeoutMs - nowMs);
}

/** R10, R16: a witness stores what it accepts, and never forgets it before a later view is installed (H10). */
export function acceptAsWitness(context: Context, from: Incarnation, record: ViewRecord): void {
  const { state } = context;
  const { base, promised, pending } = state.file;
  noteRound(state, record.number);
  const kept = base ? pendingAfter(pending, base.number) : pending;
  writeViewFile(context, {
    clusterId: record.clusterId,
    promised: compareViews(promised, record.number) < 0 ? record.number : promised,
    pending: [...kept, record].sort((a, b) => compareViews(a.number, b.number)),
  });
  send(context, from.id, { type: 'view-ok', number: record.number });
}

/**
 * R16 at the primary: which witnesses its view should have instead. None before there are two, so that they come in one
 * step; in place of one whose address another disk answers at, another one.
 *
 * @returns undefined when they are right as they are, or nothing better is at hand
 */
export function betterWitnesses(context: Context, base: ViewRecord): Witness[] | undefined {
  const { state, config, nowMs } = context;
  if (!isPrimary(state) || !state.complete || nowMs < state.witnessesRetryAtMs) return undefined;
  const asking: Witness[] = [...state.links.values()]
    .filter(({ role, self }) => role === 'witness' && !isDead(state, self))
    .filter(({ self }) => nowMs - (state.heardAtMs.get(incarnationKey(self)) ?? 0) < 5 * config.heartbeatIntervalMs)
    .map(({ self }) => ({ id: self.id, disk: self.disk }));
  const isLost = (witness: Witness) => asking.some((one) => one.id === witness.id && one.disk !== witness.disk);
  const kept = base.witnesses.filter((witness) => !isLost(witness));
  if (kept.length === WITNESSES) return undefined;
  const others = asking
    .filter((one) => !base.witnesses.some((witness) => sameWitness(one, witness)))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const better = [...kept, ...others].slice(0, WITNESSES);
  return better.length === WITNESSES ? better : undefined;
}
