import { defineConfig } from 'vitest/config';

/** Packages run from their sources: no build before a test. */
const source = { conditions: ['veritydb:source'] };

export default defineConfig({
  test: {
    projects: [
      {
        resolve: source,
        ssr: { resolve: source },
        test: {
          name: 'unit',
          include: [
            'packages/*/*/test/**/*.test.ts',
            'examples/*/test/**/*.test.ts',
            'test/*.test.ts',
          ],
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        resolve: source,
        ssr: { resolve: source },
        test: {
          name: 'process',
          include: ['apps/*/test/**/*.test.ts', 'test/e2e/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
