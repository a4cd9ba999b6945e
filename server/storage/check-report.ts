import { DEFAULT_REPLICATION_FACTOR } from '../../shared/limits.ts';
import type { CopyManifest } from './copy-manifest.ts';
import type { FolderRole } from './view-file.ts';

/** Something that is not as it was written. */
export interface Damage {
  /** One sentence with file, line and op as far as there are such. */
  what: string;
  /** What to do about it. */
  advice: string;
}

/** What `checkDatabase` found. */
export interface CheckReport {
  role: FolderRole;
  /** Whose database it is, and of which cluster; empty when no copy of the view file is whole. */
  address: string;
  clusterId: string;
  /** The last operation up to which all is whole, and its chain digest: equal on servers that have the same operations. */
  lastOp: number;
  chain: string;
  /** The chain digest at the operation that was asked for; undefined when the log does not reach it whole. */
  chainAt: string | undefined;
  segments: number;
  /** Of the log; the last of them are not a whole row, as a crash leaves it. */
  bytes: number;
  tornBytes: number;
  /** Messages that were sent, and how many of them have no text any more. */
  messages: number;
  removedBodies: number;
  /** Rows of any kind whose body, or a part of it, was removed by compaction. */
  shortenedRows: number;
  /** The op of the snapshot; null without one. */
  snapshotOp: number | null;
  snapshotRows: number;
  /** It is a named copy; `copy` is what it says of itself, null when that is not whole. */
  isCopy: boolean;
  copy: CopyManifest | null;
  /** The view in which the last operation was written, as `epoch/round/candidate`, and how many copies the cluster keeps. */
  lastView: string;
  replicationFactor: number;
  /** In the order in which they were found; no more than {@link DAMAGES_SHOWN}. */
  damages: Damage[];
  /** How many more there are. */
  moreDamages: number;
  /** One sentence for each thing that the next start puts right by itself. */
  notes: string[];
}

export const DAMAGES_SHOWN = 20;

/** What to do about a copy: nothing needs it but a restore. */
const ANOTHER_COPY = 'This copy cannot be restored; use another one.';

/** Notes a damage, or only counts it when there are many. @param advice for a server's database */
export function addDamage(report: CheckReport, what: string, advice: string): void {
  if (report.damages.length < DAMAGES_SHOWN) {
    report.damages.push({ what, advice: report.isCopy ? ANOTHER_COPY : advice });
  } else report.moreDamages += 1;
}

export function newReport(): CheckReport {
  return {
    role: 'replica',
    address: '',
    clusterId: '',
    lastOp: 0,
    chain: '',
    chainAt: undefined,
    segments: 0,
    bytes: 0,
    tornBytes: 0,
    messages: 0,
    removedBodies: 0,
    shortenedRows: 0,
    snapshotOp: null,
    snapshotRows: 0,
    isCopy: false,
    copy: null,
    lastView: '',
    replicationFactor: DEFAULT_REPLICATION_FACTOR,
    damages: [],
    moreDamages: 0,
    notes: [],
  };
}
