import { existsSync, statfsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const MEMORY_FOLDER = '/dev/shm';
const MEMORY_NEEDED_BYTES = 4 * 1024 ** 3;

/** Nothing that tests write has to survive a power cut, and waiting for a disk is most of what many of them would do. */
function temporaryFolder(): Record<string, string> {
  // Not every system has it.
  if (!existsSync(MEMORY_FOLDER)) return {};
  const { bavail, bsize } = statfsSync(MEMORY_FOLDER);
  return bavail * bsize >= MEMORY_NEEDED_BYTES ? { TMPDIR: MEMORY_FOLDER } : {};
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    env: temporaryFolder(),
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Two cores are what a small machine has. Tests with real servers wait more than they work, so one more worker is of use; others would only
    // fight those servers.
    maxWorkers: 3,
  },
});
