import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Two cores are what a small machine has; more workers would only fight the servers that the tests start.
    maxWorkers: 2,
  },
});
