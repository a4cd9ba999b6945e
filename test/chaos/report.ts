/** What happened with one kind of fault. */
export interface FaultRecord {
  count: number;
  /** How often those that were left waited for one that was down. */
  waits: number;
  /** For each time, how long the client that waited longest heard nothing. */
  silencesMs: number[];
}

export interface Outcome {
  faults: ReadonlyMap<string, FaultRecord>;
  acknowledged: number;
  lost: number;
  doubled: number;
  outOfOrder: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The table that a run ends with. */
export function formatOutcome({ faults, acknowledged, lost, doubled, outOfOrder }: Outcome): string {
  const all = [...faults.values()];
  const silences = (values: readonly number[]) =>
    values.length === 0 ? ['', ''] : [median(values), Math.max(...values)].map((value) => `${Math.round(value)} ms`);
  const rows = [
    ['fault', 'times', 'waited for a restart', 'longest silence: median', 'worst'],
    ...[...faults].map(([name, { count, waits, silencesMs }]) => [
      name,
      String(count),
      String(waits),
      ...silences(silencesMs),
    ]),
    [
      'all',
      String(all.reduce((sum, { count }) => sum + count, 0)),
      String(all.reduce((sum, { waits }) => sum + waits, 0)),
      ...silences(all.flatMap(({ silencesMs }) => silencesMs)),
    ],
    ['acknowledged', String(acknowledged)],
    ['lost', String(lost)],
    ['doubled', String(doubled)],
    ['out of order', String(outOfOrder)],
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows
    .map((cells) =>
      cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '),
    )
    .join('\n');
}
