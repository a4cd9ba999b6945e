const POLL_MS = 20;

/** @returns whether it became so within the time */
export async function waitFor(
  isSo: () => boolean | Promise<boolean>,
  withinMs: number,
  pollMs = POLL_MS,
): Promise<boolean> {
  const giveUpAtMs = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > giveUpAtMs) return false;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return true;
}

/** The environment without what would change how a server starts. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(UNDERSTUDY_|CLUSTER_SECRET$|NODE_OPTIONS$)/.test(name),
  );
  return Object.fromEntries(kept);
}
