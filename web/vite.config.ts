import { defineConfig } from 'vite'

// The API server that `npm run dev` forwards to; `make run` listens there.
const API = 'http://localhost:8000'

export default defineConfig({
  // Preact's automatic JSX runtime; no plug-in is needed for a production build.
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    assetsDir: 'assets',
    // Inlined assets would be data: URLs, which the Content-Security-Policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { '/api': API, '/v1': API } },
})
