import { defineConfig } from 'vite';

// The node serves this with a Content-Security-Policy that allows neither inline script nor inline style, and to
// phones of ten years ago: so nothing is inlined and the output is for Chrome 80.
export default defineConfig({
  base: './',
  build: {
    target: 'chrome80',
    cssTarget: 'chrome80',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    assetsDir: 'assets',
    // One small sheet for all: a style that failed to come with its page would not be asked for again.
    cssCodeSplit: false,
    outDir: 'dist',
    emptyOutDir: true,
    sourcemap: false,
    manifest: true,
  },
  worker: { format: 'iife' }, // a classic worker: older browsers know no other
});
