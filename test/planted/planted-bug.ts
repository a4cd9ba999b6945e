/** One piece of a source file and what stands there instead. */
export interface Replacement {
  /** If it is in another file than the rest. */
  readonly file?: string;
  /** Occurs exactly once in the file as it is. Short, so that it survives what changes around it. */
  readonly find: string;
  readonly replace: string;
}

/**
 * A mistake that somebody could make in the program, made on purpose: the simulator has to find it, or it proves
 * nothing when it finds nothing. It exists only where it is switched on, as another text of its source files.
 */
export interface PlantedBug {
  /** In kebab-case; what `UNDERSTUDY_PLANTED` and `--only` are given. */
  readonly name: string;
  /** The rule of PROTOCOL.md that it breaks. */
  readonly rule: string;
  /** The mistake in one sentence. */
  readonly says: string;
  /** It needs a coincidence that random runs hardly ever meet; `test/explorer/rules.ts` has the search that finds it. */
  readonly isLeftToExplorer?: boolean;
  /** Why it breaks nothing, or nothing that simulated time is long enough for: it is not looked for then. One sentence. */
  readonly whyNotSimulated?: string;
  /** From the root of the checkout, as `server/replication/quorum.ts`. */
  readonly file: string;
  /** Options of the simulator without which it could not matter, such as more servers. */
  readonly options?: readonly string[];
  readonly replacements: readonly Replacement[];
}

/** The files that a bug changes, each once. */
export function filesOf(bug: PlantedBug): string[] {
  return [...new Set(bug.replacements.map(({ file }) => file ?? bug.file))];
}

/**
 * The text of a source file with the mistake in it.
 *
 * @param file one of those that the bug changes
 * @throws Error when a text to be replaced is not in the file exactly once: the program has changed, and so must the bug
 */
export function plant(bug: PlantedBug, file: string, source: string): string {
  let planted = source;
  for (const { find, replace } of bug.replacements.filter((one) => (one.file ?? bug.file) === file)) {
    const count = planted.split(find).length - 1;
    if (count !== 1) {
      throw new Error(
        `The planted bug ${bug.name} no longer applies: its text occurs ${count} times in ${file}, expected once. Adapt it: ${JSON.stringify(find)}`,
      );
    }
    // A function, because a string would have its dollar signs read as patterns.
    planted = planted.replace(find, () => replace);
  }
  return planted;
}
