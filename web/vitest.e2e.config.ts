import { defineConfig } from 'vitest/config';

// A person's paths in a real browser against a real node. One after another: the machine is small, and so is ours.
export default defineConfig({
  test: {
    environment: 'node',
    execArgv: ['--experimental-websocket'], // Node's own from version 22 on
    include: ['e2e/*.e2e.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    bail: 1, // each step of a path stands on those before it
    reporters: ['verbose'],
  },
});
