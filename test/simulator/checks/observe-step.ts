import type { Input, Output, PeerMessage } from '../../../server/replication/messages.ts';
import { compareViews } from '../../../shared/ids.ts';
import type { Coverage } from './coverage.ts';
import { changeNotes } from './coverage-changes.ts';
import { ALWAYS_ACTED_ON, type RuleNote, receptionNote, sentNote } from './coverage-expected.ts';
import { isAcceptedFrom, type StepFacts } from './step-facts.ts';

/** One call of `step`, seen from outside. */
export interface ObservedStep {
  readonly before: StepFacts;
  readonly after: StepFacts;
  readonly input: Input;
  readonly outputs: readonly Output[];
}

/** Notes which messages and which states of the rules a step has reached. Relies on nothing but what went in and came out. */
export function observeStep(coverage: Coverage, step: ObservedStep): void {
  for (const what of outputNotes(step)) coverage.note(what);
  for (const what of inputNotes(step)) coverage.note(what);
  for (const what of changeNotes(step)) coverage.note(what);
}

/** What a server sends or does, and where it stands when it does. */
function outputNotes({ before, input, outputs }: ObservedStep): string[] {
  const notes: string[] = [];
  const rule = (what: RuleNote) => notes.push(what);
  for (const output of outputs) {
    if (output.type === 'send') {
      notes.push(sentNote(output.message.type));
      notes.push(...sentNotes(before, input, output.message));
    } else if (output.type === 'cut-log') rule('R10 set entries aside');
    else if (output.type === 'send-log-from-storage') rule('R14 rows from the storage');
    else if (output.type === 'start-over') rule('R1 a server starts over as another disk');
  }
  return notes;
}

function sentNotes(before: StepFacts, input: Input, message: PeerMessage): RuleNote[] {
  switch (message.type) {
    case 'turn-away':
      return ['R1 a copied or old folder is turned away'];
    case 'farewell':
      return ['R23 says farewell'];
    case 'prepare-ok':
      return message.resend ? ['R3 a backup says that something is missing'] : [];
    case 'refuse':
      return [REFUSALS[message.reason]];
    case 'promise': {
      const reported: RuleNote[] = message.pending.length > 0 ? ['R9 a pending view is reported'] : [];
      if (message.probe) return reported;
      const isRepeated = !(input.type === 'message' && input.message.type === 'start-view-change');
      if (isRepeated) return ['R6d a promise is repeated with more deaths'];
      return [
        ...reported,
        'R2 promised a candidate',
        ...(before.isWitness ? (['R16 a witness promises'] as const) : []),
      ];
    }
    case 'view-ok':
      if (before.isWitness) return ['R16 a witness accepts'];
      return [
        input.type === 'message' && input.message.type === 'start-view'
          ? 'R10 accepted at once'
          : 'R10 accepted after a copy',
      ];
    case 'log-chunk':
      return message.mismatch ? ['R14 asked from lower'] : [];
    default:
      return [];
  }
}

const REFUSALS: Record<(PeerMessage & { type: 'refuse' })['reason'], RuleNote> = {
  'stale-base': 'R8 refused because of a stale base',
  promised: 'R2 refused because of a higher promise',
  lease: 'R8 refused because of a lease',
  'primary-heard': 'R16 a witness is polite to the primary',
  'not-listed': 'R8 refused because it is not listed',
};

/** What a server is given, and what it makes of it. */
function inputNotes(step: ObservedStep): string[] {
  const { before, after, input, outputs } = step;
  const isConfirmed = outputs.some(({ type }) => type === 'read-confirmed');
  switch (input.type) {
    case 'message':
      return messageNotes(step, input);
    case 'refused':
      return after.dead.size > before.dead.size
        ? ['R5a dead by a refused connect']
        : ['R5 a refusal that proves nothing'];
    case 'link-up':
    case 'hello': {
      const { disk, incarnation } = input.peer.self;
      const met = before.met.get(disk);
      const isLater = met !== undefined && met < incarnation && after.met.get(disk) === incarnation;
      return [
        ...(after.dead.size > before.dead.size ? ['R5b dead because another life answers'] : []),
        ...(isLater ? ['R1 a later life of a known disk is met'] : []),
      ];
    }
    case 'paused':
      return [input.sleptUnnoticed ? 'R22 slept unnoticed' : 'R22 paused'];
    case 'leave':
      return ['R23 leaves'];
    case 'form':
      return after.file.base !== before.file.base ? ['R19b a cluster is formed'] : [];
    case 'force':
      return [after.file.promised.epoch > before.file.promised.epoch ? 'R20 force' : 'R20 a force is refused'];
    case 'confirm-read':
      if (!isConfirmed) return [];
      return [after.file.base!.members.length === 1 ? 'R17 read confirmed alone' : 'R17 read confirmed by leases'];
    default:
      return [];
  }
}

function messageNotes(step: ObservedStep, { from, message }: Input & { type: 'message' }): string[] {
  const { before, after, outputs } = step;
  const { type } = message;
  if (!isAcceptedFrom(before, from)) return [receptionNote(type, 'from the dead or an earlier life')];
  const isActedOn = outputs.some((one) => one.type !== 'changed') || before.fingerprint !== after.fingerprint;
  const isNews = ALWAYS_ACTED_ON.has(type) || isActedOn || before.file !== after.file;
  return [receptionNote(type, isNews ? 'acted on' : 'without effect'), ...meaningOf(step, message, isNews)];
}

function meaningOf({ before, after, outputs }: ObservedStep, message: PeerMessage, isNews: boolean): RuleNote[] {
  const died = after.dead.size > before.dead.size;
  switch (message.type) {
    case 'ping': {
      const isAnswered = outputs.some((output) => output.type === 'send' && output.message.type === 'pong');
      if (isAnswered) return [];
      const isCondemned = [...before.condemned.values()].some((untilMs) => untilMs > after.nowMs);
      return isCondemned
        ? ['R6a a ping without an answer', 'R6a a ping while condemned']
        : ['R6a a ping without an answer'];
    }
    case 'farewell':
      return died ? ['R5c dead by its farewell'] : [];
    case 'start-view-change':
      if (before.isLeaving) return ['R23 promises nothing while leaving'];
      return died ? ['R5 dead by the word of a candidate'] : [];
    case 'start-view':
      return isNews || compareViews(before.file.promised, message.record.number) <= 0
        ? []
        : ['R10 a start-view that is too late'];
    case 'join-me': {
      const { base } = after.file;
      const isFull = base !== null && base.members.length >= base.replicationFactor;
      return isFull && after.isPrimary && after.learners > 0 ? ['R21 a spare follows a full view'] : [];
    }
    case 'read-check':
      return outputs.length === 0 ? ['R17 a ReadCheck that is not confirmed'] : [];
    case 'read-ok':
      return outputs.some(({ type }) => type === 'read-confirmed') ? ['R17 read confirmed by ReadCheck'] : [];
    default:
      return [];
  }
}
