// Adds up the JavaScript a browser fetches before the first screen of each page, compressed, and
// fails over budget. Run after `npm run build`.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const DIST = new URL('../dist/', import.meta.url);

// What is imported on demand but always before the first screen counts too.
const PAGES = [
  { name: 'admin', budget_kb: 200, entries: ['index.html', 'src/locales/zh.json', 'src/locales/home.zh.json', 'src/app/shell/shell.tsx', 'src/app/pages/home-page.tsx'] },
  { name: 'watch', budget_kb: 20, entries: ['watch.html'] },
  { name: 'vod', budget_kb: 20, entries: ['vod.html'] },
];

const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', DIST), 'utf8'));

function filesOf(entry, found = new Set()) {
  const chunk = manifest[entry];
  if (!chunk) throw new Error(`${entry} is not in the manifest: bundle-size.mjs no longer fits the build`);
  if (found.has(chunk.file)) return found;
  found.add(chunk.file);
  for (const next of chunk.imports ?? []) filesOf(next, found);
  return found;
}

let over = false;
for (const page of PAGES) {
  const files = new Set(page.entries.flatMap((entry) => [...filesOf(entry)]));
  let total = 0;
  for (const file of files) {
    if (!file.endsWith('.js')) continue;
    const size = gzipSync(readFileSync(new URL(file, DIST)), { level: 6 }).length;
    total += size;
    console.log(`  ${(size / 1000).toFixed(1).padStart(7)} kB  ${file}`);
  }
  const tooBig = total > page.budget_kb * 1000;
  over ||= tooBig;
  console.log(`${page.name}: ${(total / 1000).toFixed(1)} kB of ${page.budget_kb} kB before the first screen${tooBig ? '  OVER BUDGET' : ''}\n`);
}
process.exit(over ? 1 : 0);
