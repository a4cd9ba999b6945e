import { formatTable, median } from '../../server/commands/drill-report.ts';
import type { FaultRecord, Findings } from './ordeal.ts';

export interface Outcome {
  faults: ReadonlyMap<string, FaultRecord>;
  kills: number;
  partitions: number;
  acknowledged: number;
  givenUp: { definite: number; indefinite: number };
  findings: Findings;
}

/** The table that a run ends with. */
export function formatOutcome({ faults, kills, partitions, acknowledged, givenUp, findings }: Outcome): string {
  const all = [...faults.values()];
  const silences = (values: readonly number[]) =>
    values.length === 0 ? ['', ''] : [median(values), Math.max(...values)].map((value) => `${Math.round(value)} ms`);
  const count = (found: readonly string[] | undefined) => (found ? String(found.length) : 'not counted');
  const total = (number: (record: FaultRecord) => number) =>
    String(all.reduce((sum, record) => sum + number(record), 0));
  const faultTable = formatTable([
    ['fault', 'times', 'waited', 'longest silence: median', 'worst'],
    ...[...faults]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, record]) => [name, String(record.count), String(record.waits), ...silences(record.silencesMs)]),
    [
      'all',
      total(({ count }) => count),
      total(({ waits }) => waits),
      ...silences(all.flatMap((one) => one.silencesMs)),
    ],
  ]);
  const counts = formatTable([
    ['kill -9', String(kills)],
    ['partitions', String(partitions)],
    ['acknowledged', String(acknowledged)],
    ['given up, surely not sent', String(givenUp.definite)],
    ['given up, perhaps sent', String(givenUp.indefinite)],
    ['lost', count(findings.lost)],
    ['doubled', count(findings.doubled)],
    ['out of order', count(findings.outOfOrder)],
    ['refused, but there', count(findings.refusedButThere)],
    ['two primaries', count(findings.twoPrimaries)],
    ['logs, by SHA-256', findings.logs.length === 0 ? 'equal' : 'differ'],
  ]);
  return [...faultTable, '', ...counts].join('\n');
}
