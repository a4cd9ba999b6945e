import { checkDatabase } from '../storage/check-database.ts';
import type { CheckReport, Damage } from '../storage/check-report.ts';
import { DatabaseError } from '../storage/database-error.ts';
import { lockHolder } from '../storage/lock.ts';
import { showProgress } from './show-progress.ts';
import { wrapped } from './table.ts';

const DAMAGED = 1;
const WRONG_USE = 2;

export interface CheckCommandOptions {
  /** Prints the chain at this operation. */
  to?: number;
  json?: true;
}

/**
 * `server check DATABASE`: verifies a folder that no server has open, and changes nothing.
 *
 * @returns the exit status: 0 when all is whole, 1 when something is damaged, 2 when it cannot be checked
 */
export async function check(folder: string, { to, json }: CheckCommandOptions): Promise<number> {
  const busy = whyBusy(folder);
  if (busy !== undefined) return complain(busy);
  const progress = showProgress('Checking');
  let report: CheckReport;
  try {
    report = await checkDatabase(folder, { atOp: to, onProgress: (done, all) => progress.show(done, all) });
  } catch (error) {
    if (error instanceof DatabaseError && error.code === 'not-a-folder') return complain(error.message);
    throw error;
  } finally {
    progress.end();
  }
  const busyNow = whyBusy(folder);
  if (busyNow !== undefined) return complain(`While it was checked, a server was started: ${busyNow}`);
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else process.stdout.write(`${reportLines(folder, report, to).join('\n')}\n`);
  if (report.damages.length > 0) return DAMAGED;
  if (to !== undefined && report.chainAt === undefined) {
    return complain(`The log ends at operation ${report.lastOp}, so there is no chain at operation ${to}.`);
  }
  return 0;
}

function whyBusy(folder: string): string | undefined {
  const pid = lockHolder(folder);
  if (pid === undefined) return undefined;
  return `${folder} is in use by a running server (pid ${pid}): stop that server first, or check a copy that "server backup NAME" makes of it.`;
}

/** What was found, for people. */
export function reportLines(folder: string, report: CheckReport, to?: number): string[] {
  const { damages, moreDamages, notes } = report;
  const lines = [`${folder}:`, ...countLines(report)];
  if (notes.length > 0) lines.push('', ...notes.flatMap((note) => wrapped(note)));
  if (damages.length === 0) return [...lines, '', ...hashLines(report, to)];
  lines.push('', ...damages.flatMap((one, index) => damageLines(one, damages[index + 1])));
  if (moreDamages > 0) lines.push(`And ${moreDamages} more.`, '');
  return [...lines, `DAMAGED. Operations 1 to ${report.lastOp} are whole, chain`, `  ${report.chain}`];
}

function countLines(report: CheckReport): string[] {
  const { role, address, copy, segments, bytes, lastOp, messages, removedBodies, snapshotOp, snapshotRows } = report;
  const { shortenedRows } = report;
  const of = copy ? `copy "${copy.name}" of ${address}, made ${copy.madeAt}` : `database of ${address || 'nobody'}`;
  if (role === 'witness') return [`  view file of the witness ${address}`];
  const without = removedBodies > 0 ? `, ${count(removedBodies)} without their text` : '';
  const tables =
    snapshotOp === null ? 'none' : `of operation ${count(snapshotOp)}, ${count(snapshotRows)} rows in its tables`;
  return [
    `  ${of}`,
    `  log: ${count(lastOp)} operations, ${count(bytes)} bytes, ${count(segments)} file${segments === 1 ? '' : 's'}`,
    `  messages: ${count(messages)}${without}`,
    ...(shortenedRows > 0 ? [`  compaction: ${count(shortenedRows)} rows have lost their body or a part of it`] : []),
    `  snapshot: ${tables}`,
  ];
}

/** Advice that the next damage has as well is given once, after the last of them. */
function damageLines({ what, advice }: Damage, next: Damage | undefined): string[] {
  const isLast = next?.advice !== advice;
  return [...wrapped(what), ...(isLast && advice !== '' ? wrapped(advice) : []), ...(isLast ? [''] : [])];
}

function hashLines({ role, lastOp, chain, chainAt }: CheckReport, to: number | undefined): string[] {
  if (role === 'witness') return ['Whole.'];
  if (to !== undefined && chainAt !== undefined) return [`Operations 1 to ${to}, chain`, `  ${chainAt}`];
  return [
    'Whole.',
    `Operations 1 to ${lastOp}, chain`,
    `  ${chain}`,
    ...wrapped(
      'Another server with the same chain has the same operations. If it has more of them, compare at the same one: --to OPERATION.',
    ),
  ];
}

function count(number: number): string {
  return number.toLocaleString('en');
}

function complain(text: string): number {
  process.stderr.write(`${text}\n`);
  return WRONG_USE;
}
