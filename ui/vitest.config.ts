import { defineConfig, mergeConfig } from 'vitest/config';
import vite from './vite.config';

// Apart from the build, which is made without what only the tests need.
export default mergeConfig(
  vite,
  defineConfig({
    test: {
      environment: 'jsdom',
      setupFiles: ['src/testing/setup.ts'],
      include: ['src/**/*.test.{ts,tsx}'],
      restoreMocks: true,
      testTimeout: 60_000,
      hookTimeout: 60_000,
      css: false,
      // Threads that keep their browser: a third of the time of fresh ones for each file.
      pool: 'threads',
      maxWorkers: '100%', // nothing else runs meanwhile
      isolate: false,
    },
  }),
);
