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
    outDir: 'dist',
    emptyOutDir: true,
    sourcemap: false,
    manifest: true,
  },
  worker: { format: 'es' },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': 'http://localhost:8080', '/upload': 'http://localhost:8080' },
  },
});
