import react from '@vitejs/plugin-react';
import { defineConfig, type Connect, type Plugin } from 'vite';

const BACKEND = process.env.STREAMSTEAD_DEV_URL ?? 'http://127.0.0.1:2022';

/** The front answers these prefixes with one document each; the development server does the same. */
function pageFallback(): Plugin {
  const rewrite: Connect.NextHandleFunction = (req, _res, next) => {
    const path = (req.url ?? '').split('?')[0] ?? '';
    if (path === '/' || path === '/mgmt' || path.startsWith('/mgmt/')) req.url = '/index.html';
    else if (path.startsWith('/watch/')) req.url = '/watch.html';
    else if (/^\/vod\/[^./]+\/?$/.test(path)) req.url = '/vod.html';
    next();
  };
  return {
    name: 'page-fallback',
    configureServer: (server) => void server.middlewares.use(rewrite),
    configurePreviewServer: (server) => void server.middlewares.use(rewrite),
  };
}

// What every page of the operator begins with: many small files compress worse than one.
const FIRST =
  /node_modules\/(react|react-dom|scheduler|@tanstack|i18next|react-i18next)\/|@mantine\/(hooks\/|core\/esm\/(core|components\/(ActionIcon|Button|CloseButton|Group|Input|InputBase|InlineInput|Loader|Skeleton|Stack|Switch|Tabs|Text|TextInput|VisuallyHidden|Transition|UnstyledButton))\/)/;

const proxy = Object.fromEntries(
  ['/terraform', '/rtc', '/p/', '/v/', '^/[^/]+/[^/]+\\.(flv|m3u8|ts|mp4|jpg|vtt)(\\?.*)?$'].map((path) => [path, { target: BACKEND, changeOrigin: false }]),
);

export default defineConfig({
  base: '/',
  plugins: [react(), pageFallback()],
  server: { proxy },
  preview: { proxy },
  build: {
    outDir: 'dist',
    manifest: true,
    target: 'es2022',
    // mpegts.js and hls.js are big by nature and loaded only when a picture is shown.
    chunkSizeWarningLimit: 700,
    rollupOptions: {
      input: ['index.html', 'watch.html', 'vod.html'],
      output: { codeSplitting: { groups: [{ name: 'first', test: FIRST }] } },
    },
  },
});
