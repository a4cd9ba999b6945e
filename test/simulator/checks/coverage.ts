/** How often things happened that a test should have reached. */
export class Coverage {
  readonly #counts = new Map<string, number>();

  note(what: string): void {
    this.#counts.set(what, this.count(what) + 1);
  }

  count(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  /** Adds what was noted elsewhere; counts as objects are what travels between processes. */
  merge(other: Coverage | Readonly<Record<string, number>>): void {
    const counts = other instanceof Coverage ? other.counts : other;
    for (const [what, count] of Object.entries(counts)) this.#counts.set(what, this.count(what) + count);
  }

  /** What was noted, and how often. */
  get counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  /** Those of the expected that never happened, in their order. */
  missing(expected: readonly string[]): string[] {
    return expected.filter((what) => this.count(what) === 0);
  }

  /** For people: what was expected, in its order, then what else was noted; what never happened stands out. */
  table(expected: readonly string[]): string {
    const others = [...this.#counts.keys()].filter((what) => !expected.includes(what)).sort();
    const line = (what: string) => {
      const count = this.count(what);
      return count === 0 ? `    NEVER  ${what}` : `${String(count).padStart(9)}  ${what}`;
    };
    const reached = expected.length - this.missing(expected).length;
    return [...[...expected, ...others].map(line), `${reached} of ${expected.length} reached`].join('\n');
  }
}
