import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Generous: the machine may be small and busy, and no test asserts how long a thing takes.
    testTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'below the ui',
          environment: 'node',
          include: ['src/{protocol,state,i18n}/**/*.test.ts'],
          setupFiles: ['fake-indexeddb/auto'],
        },
      },
      {
        extends: true,
        test: {
          name: 'ui',
          environment: 'happy-dom',
          include: ['src/ui/**/*.test.{ts,tsx}', 'src/*.test.tsx'],
          setupFiles: ['fake-indexeddb/auto'],
        },
      },
    ],
  },
});
