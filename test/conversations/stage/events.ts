import { compareViews, sameView } from '../../../shared/ids.ts';
import type { LogEntry } from '../../../shared/operations.ts';
import { type Incarnation, sameIncarnation, type ViewFile } from '../../../shared/views.ts';
import { lifeOf, numberText, viewText } from './wording.ts';

/** A rule, or nothing, and what happened. */
export type Sentence = readonly [rule: string, text: string];

/** The requests of clients among entries. */
export function entriesWithRequests(entries: readonly LogEntry[]): number[] {
  return entries.filter(({ client }) => client !== '').map(({ request }) => request);
}

/** What one `view.csv` says that the one before did not. */
export function writeText(before: ViewFile, after: ViewFile): string {
  const parts: string[] = [];
  if (!sameView(before.promised, after.promised)) parts.push(`promised ${numberText(after.promised)}`);
  if (after.base && !isSameBase(before, after)) parts.push(`base ${viewText(after.base)}`);
  for (const view of newPending(before, after)) parts.push(`pending ${viewText(view)}`);
  return parts.join(', ') || 'nothing new';
}

/** The rule that asks for that write. */
export function ruleOfWrite(before: ViewFile, after: ViewFile): string {
  const { base } = after;
  if (base && !isSameBase(before, after)) {
    if (base.number.candidate === after.id) return base.over.length === 0 ? 'R19b' : 'R11';
    if (before.pending.some(({ number }) => sameView(number, base.number))) return 'R12';
    return compareViews(after.promised, base.number) > 0 ? 'R8' : 'R13';
  }
  return newPending(before, after).length > 0 ? 'R10' : 'R2';
}

function isSameBase(before: ViewFile, after: ViewFile): boolean {
  return before.base !== null && after.base !== null && sameView(before.base.number, after.base.number);
}

function newPending(before: ViewFile, after: ViewFile) {
  return after.pending.filter((view) => !before.pending.some(({ number }) => sameView(number, view.number)));
}

/** What a server is, by what it has on disk (PROTOCOL.md, "Status"). */
export function roleText({ id, disk, incarnation, base, promised }: ViewFile): string {
  if (!base) return 'belongs to no view';
  if (base.witnesses.some((witness) => witness.id === id && witness.disk === disk)) {
    return `is a witness of view ${viewText(base)}`;
  }
  const isListed = base.members.some((member) => sameIncarnation(member, { id, disk, incarnation }));
  if (!isListed) return `is outside view ${viewText(base)}`;
  if (!sameView(base.number, promised)) return 'is in a view change';
  return `is ${base.members[0]!.id === id ? 'primary' : 'a backup'} of view ${viewText(base)}`;
}

interface Deaths {
  readonly dead: ReadonlyMap<string, Incarnation>;
  readonly cleanDead: ReadonlyMap<string, Incarnation>;
}

/** Which deaths are known now to `self` that were not before, and which of them are clean (R6d). */
export function deathsBetween(self: Incarnation, before: Deaths, after: Deaths): Sentence[] {
  const found: Sentence[] = [];
  for (const [key, one] of after.dead) {
    if (before.dead.has(key)) continue;
    const name = one.id === self.id ? `${lifeOf(one)}, its own earlier life,` : lifeOf(one);
    if (after.cleanDead.has(key)) found.push(['R6d', `knows that ${name} is dead, and that it died clean`]);
    else found.push(['R5', `knows that ${name} is dead`]);
  }
  return found;
}
