/** The middle one of some numbers (the lower of two). NaN of none. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/** A figure with what stands beside it, measured several times. */
export interface Figure {
  name: string;
  unit: '/s' | 'ms' | 'µs' | 'MiB';
  ours: readonly number[];
  besideName: string;
  /** Measured in the same rounds as `ours`; none when the figure stands alone. */
  beside: readonly number[];
  /** Bounds of the ratio, or of the figure itself when it stands alone. */
  must: number;
  goal: number;
  /** Which side of a bound is good. */
  better: 'more' | 'less';
}

/** The ratio of each round, or the figure itself when nothing stands beside it. */
function judged({ ours, beside }: Figure): number[] {
  return beside.length === 0 ? [...ours] : ours.map((value, round) => value / beside[round]!);
}

/** A table of all figures: medians, in brackets the lowest and highest. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = [['figure', 'ours', 'beside', 'ratio', 'must reach', 'goal', 'reached'], ...figures.map(rowOf)];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  return rows.map((cells) => cells.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')).join('\n');
}

function rowOf(figure: Figure): string[] {
  const { name, unit, ours, besideName, beside, must, goal } = figure;
  const standsAlone = beside.length === 0;
  const bound = (value: number) => (standsAlone ? `${value} ${unit}` : `${Number(value.toFixed(2))} ×`);
  return [
    name,
    `${spread(ours)} ${unit}`,
    standsAlone ? '' : `${spread(beside)} ${unit} ${besideName}`,
    standsAlone ? '' : `${spread(judged(figure))} ×`,
    bound(must),
    bound(goal),
    reached(figure),
  ];
}

function reached(figure: Figure): string {
  const value = median(judged(figure));
  const isGood = (bound: number) => (figure.better === 'more' ? value >= bound : value <= bound);
  if (isGood(figure.goal)) return 'yes, the goal';
  return isGood(figure.must) ? 'yes' : 'no';
}

function spread(numbers: readonly number[]): string {
  return `${shown(median(numbers))} (${shown(Math.min(...numbers))}–${shown(Math.max(...numbers))})`;
}

function shown(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
