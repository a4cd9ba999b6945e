import type { CommitLog } from './commit-log.ts';
import type { Hole, RowName, Survey } from './log-survey.ts';
import type { Mark } from './segments.ts';

/**
 * R26: damage that no vote depends on, because all of it lies before the snapshot's row: what those rows did is in the tables.
 * A server may serve with it, but for those rows.
 */
export interface OldDamage {
  /** File, line, op and what is wrong, as a sentence. */
  what: string;
  /** What is missing: the rows that follow `after`, up to `until`. */
  holes: { after: RowName; until: RowName }[];
  /** The last row that is missing. */
  lastOp: number;
  /** By the names of the segments: where whole rows begin and end, so that none of them is looked for among the others. */
  marks: Map<string, Mark[]>;
}

/**
 * @param what is wrong, as a sentence
 * @param snapshotOp the operation of the snapshot that is in use, 0 without one
 * @returns undefined when rows are damaged that the server needs
 */
export function oldDamageOf(
  what: string,
  log: CommitLog,
  { parts, end }: Survey,
  snapshotOp: number,
): OldDamage | undefined {
  const holes = parts.filter((part): part is Hole => 'until' in part);
  if (holes.length === 0 || end.op < snapshotOp || holes.some(({ until }) => until.op >= snapshotOp)) return undefined;
  const marks = new Map<string, Mark[]>();
  for (const { name, path } of log.segments) {
    const found = parts.flatMap((part): Mark[] => {
      if ('until' in part) {
        return part.anchor.path === path ? [{ op: part.until.op, offset: part.anchor.from }] : [];
      }
      if (part.path !== path) return [];
      return [
        { op: part.firstOp, offset: part.from },
        { op: part.lastOp + 1, offset: part.to },
      ];
    });
    const byOp = new Map(found.map((mark) => [mark.op, mark]));
    marks.set(
      name,
      [...byOp.values()].sort((a, b) => a.op - b.op),
    );
  }
  return { what, holes: holes.map(({ after, until }) => ({ after, until })), lastOp: holes.at(-1)!.until.op, marks };
}
