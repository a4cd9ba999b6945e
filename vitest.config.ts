import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Two cores are what a small machine has. Tests with real servers wait more than they work, so one more worker is of use; others would only
    // fight those servers.
    maxWorkers: 3,
  },
});
