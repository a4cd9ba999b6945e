import type { Input, Output } from '../../../server/replication/messages.ts';
import { sameView } from '../../../shared/ids.ts';
import { incarnationKey, sameIncarnation, type ViewRecord } from '../../../shared/views.ts';
import type { RuleNote } from './coverage-expected.ts';
import type { StepFacts } from './step-facts.ts';
import { waysToWin } from './ways-to-win.ts';

interface Change {
  readonly before: StepFacts;
  readonly after: StepFacts;
  readonly input: Input;
  readonly outputs: readonly Output[];
}

/** What a comparison of the state before and after a step tells. */
export function changeNotes(change: Change): RuleNote[] {
  return [...logNotes(change), ...deathNotes(change), ...candidacyNotes(change), ...viewNotes(change)];
}

function logNotes({ before, after, outputs }: Change): RuleNote[] {
  const notes: RuleNote[] = [];
  const others = after.file.base?.members.length ?? 0;
  if (after.isPrimary && before.isPrimary && after.commit > before.commit) {
    notes.push(others > 1 ? 'R4 committed by all' : 'R4 committed alone');
  }
  const isSentAgain = outputs.some(
    (output) =>
      output.type === 'send' &&
      output.message.type === 'prepare' &&
      output.message.firstOp <= before.logEnd &&
      before.isPrimary,
  );
  if (isSentAgain) notes.push('R3 the primary sends again');
  if (after.isComplete && !before.isComplete) notes.push('R19b the cluster is complete');
  if (after.isDiskHung && !before.isDiskHung) notes.push('R7 its own disk hangs');
  if (after.copyPurpose === 'propose' && before.copyPurpose !== 'propose')
    notes.push('R9 the candidate copies a longer log');
  if (after.copyPurpose === 'join' && before.copyPurpose !== 'join') notes.push('R14 follows as an outsider');
  return notes;
}

function deathNotes({ before, after }: Change): RuleNote[] {
  const notes: RuleNote[] = [];
  for (const key of after.dead) {
    if (before.dead.has(key)) continue;
    notes.push(after.cleanDead.has(key) ? 'R6d a clean death' : 'R6d a death that is not clean');
    const joiner = before.candidacy?.members.find((member) => incarnationKey(member) === key);
    const isNew = joiner && !before.candidacy!.base.members.some((member) => sameIncarnation(member, joiner));
    if (isNew && before.isPrimary !== undefined && before.isListed)
      notes.push('R14 a joiner dies while it is taken in');
  }
  for (const [key, untilMs] of after.condemned)
    if (untilMs > (before.condemned.get(key) ?? 0)) notes.push('R8 condemned');
  return notes;
}

function candidacyNotes({ before, after, input }: Change): RuleNote[] {
  const [former, present] = [before.candidacy, after.candidacy];
  const isSame = former !== null && present !== null && sameView(former.number, present.number);
  const notes: RuleNote[] = [];
  if (former && !isSame && !isInstalledBy(after, former.number)) {
    notes.push(`R7 given up while ${former.frozenPhase}`);
    const everybody = former.members.every(({ id }) => former.supporters.has(id) || id === from(input));
    if (former.frozenPhase === 'probing' && everybody) notes.push('R9 all answer and it is not enough');
  }
  if (present && !isSame) notes.push(...reasonsOf(before, after));
  const was = isSame ? former!.frozenPhase : present ? 'probing' : null;
  if (present && was === 'probing' && present.frozenPhase !== 'probing') notes.push('R7 a probe led to a promise');
  const wasWon = isSame && (former!.frozenPhase === 'fetching' || former!.frozenPhase === 'proposing');
  if (present && !wasWon && (present.frozenPhase === 'fetching' || present.frozenPhase === 'proposing')) {
    notes.push(...decisionNotes(present.overRecords, after));
  }
  return notes;
}

function from(input: Input): string {
  return input.type === 'message' ? input.from.id : '';
}

function isInstalledBy({ file }: StepFacts, number: ViewRecord['number']): boolean {
  return file.base !== null && sameView(file.base.number, number);
}

/** Why and how another view is asked for. */
function reasonsOf(before: StepFacts, after: StepFacts): RuleNote[] {
  const { members, base } = after.candidacy!;
  const isReturned = (one: ViewRecord['members'][number]) =>
    base.members.some(
      ({ id, disk, incarnation }) => id === one.id && disk === one.disk && incarnation < one.incarnation,
    );
  if (!before.isListed) return [members.length >= base.members.length ? 'R15 all are back' : 'R15 some are back'];
  const who: RuleNote = !before.isNormal
    ? 'R7 a member that promised more asks for a view'
    : before.isPrimary
      ? 'R7 the primary asks for a view'
      : 'R7 a backup asks for a view';
  return members.some(isReturned) ? [who, 'R7 asked with disks that came back'] : [who];
}

/** With which promises the candidate may propose. */
function decisionNotes(over: readonly ViewRecord[], { candidacy }: StepFacts): RuleNote[] {
  const supporters = [...candidacy!.supporters.values()];
  const reported = supporters.flatMap(({ pending }) => pending);
  const isVoid = reported.some((view) => !over.some(({ number }) => sameView(number, view.number)));
  return [
    ...over.flatMap((view) => waysToWin(view, supporters)),
    ...(over.length > 1 ? (['R9 a pending view is won'] as const) : []),
    ...(isVoid ? (['R9 a void pending view'] as const) : []),
  ];
}

function viewNotes({ before, after, input }: Change): RuleNote[] {
  const [former, base] = [before.file.base, after.file.base];
  if (!base || (former && sameView(former.number, base.number))) return [];
  const notes: RuleNote[] = [];
  const isOwn = base.number.candidate === after.file.id && input.type !== 'form' && input.type !== 'force';
  const wasPending = before.file.pending.some(({ number }) => sameView(number, base.number));
  const isAsked = input.type === 'message' && input.message.type === 'start-view-change';
  if (isOwn && before.candidacy) notes.push(...installNotes(former, base, before));
  else if (wasPending) notes.push('R12 learned a pending view');
  else if (isAsked) notes.push("R8 took the candidate's base");
  else if (former && !isOwn) notes.push('R13 heard of a view that it never accepted');
  if (before.isListed && !after.isListed) notes.push('R13 a member is left out');
  if (former && base.number.epoch > former.number.epoch && !isOwn) notes.push('R20 heard of a forced view');
  return notes;
}

function installNotes(former: ViewRecord | null, base: ViewRecord, before: StepFacts): RuleNote[] {
  const notes: RuleNote[] = ['R11 installed'];
  if (base.over.length > 1) notes.push('R11 installed over several views');
  const isListed = (id: string, view: ViewRecord | null) => view?.members.some((member) => member.id === id) ?? false;
  const joined = base.members.some(({ id }) => !isListed(id, former));
  const hasSpares = before.isComplete && before.replicasHeardOf > base.replicationFactor;
  if (joined) notes.push('R14 a joiner is taken in');
  if (joined && hasSpares) notes.push('R21 a spare takes the place of a lost member');
  const had = former?.witnesses ?? [];
  if (had.length === 0 && base.witnesses.length > 0) notes.push('R16 two witnesses are taken in');
  const isReplaced = had.some((one) => !base.witnesses.some(({ disk }) => disk === one.disk));
  if (isReplaced && base.witnesses.length > 0) notes.push('R16 a witness is replaced');
  return notes;
}
