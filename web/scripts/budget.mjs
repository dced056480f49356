// Holds the build to what it promises: the first paint's JavaScript is at most 60 KB gzip, nothing is inlined that the
// Content-Security-Policy forbids, and no chunk calls what Chrome 80 lacks.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Linter } from 'eslint';

const dist = new URL('../dist/', import.meta.url).pathname;
const budget = 60 * 1024;
const problems = [];

const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));
const gzipped = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;

/** A chunk and all that it imports statically. */
function withImports(key, found = new Set()) {
  const chunk = manifest[key];
  if (!chunk || found.has(chunk.file)) return found;
  found.add(chunk.file);
  for (const next of chunk.imports ?? []) withImports(next, found);
  return found;
}

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
if (!entry) throw new Error('the manifest names no entry');
const first = withImports(entry);

// The first paint needs one language: the largest counts, as whoever reads it waits for it.
const languages = Object.keys(manifest).filter((key) => /^src\/i18n\/[a-z]+\.ts$/.test(key));
const sizes = languages.map((key) => {
  const alone = [...withImports(key)].filter((file) => !first.has(file));
  return alone.reduce((sum, file) => sum + gzipped(file), 0);
});
const chunks = [...first].filter((file) => file.endsWith('.js'));
const code = chunks.reduce((sum, file) => sum + gzipped(file), 0);
const total = code + Math.max(0, ...sizes);
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
const parts = `code ${kilobytes(code)}, largest language ${kilobytes(total - code)}`;
console.log(`first paint: ${kilobytes(total)} gzip of ${kilobytes(budget)} (${parts})`);
if (total > budget) problems.push(`the first paint's JavaScript is ${kilobytes(total)} gzip`);

const html = readFileSync(join(dist, 'index.html'), 'utf8');
for (const [, attributes, body] of html.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)) {
  if (!/\ssrc=/.test(attributes) || body.trim() !== '') problems.push('index.html holds an inline script');
}
if (/<style|\sstyle=|\son[a-z]+=/i.test(html)) problems.push('index.html holds inline style or handlers');

// Functions that Chrome 80 lacks, which no compiler replaces.
const forbidden = [
  [/\bstructuredClone\s*\(/, 'structuredClone'],
  [/\.replaceAll\s*\(/, 'String.replaceAll'],
  [/\bObject\.hasOwn\s*\(/, 'Object.hasOwn'],
  [/\.at\(\s*-?\d+\s*\)/, 'Array.at'],
  [/\.findLast(Index)?\s*\(/, 'Array.findLast'],
  [/\bPromise\.any\s*\(/, 'Promise.any'],
  [/\bAbortSignal\.(timeout|any)\s*\(/, 'AbortSignal.timeout'],
  [/\brandomUUID\s*\(/, 'crypto.randomUUID'],
  [/\bcrypto\.subtle\b/, 'crypto.subtle (absent on plain http)'],
  [/\bnew WeakRef\b/, 'WeakRef'],
  [/\.(toSorted|toReversed|toSpliced)\s*\(/, 'Array.toSorted'],
  [/\bWebAssembly\b/, 'WebAssembly (forbidden by the policy)'],
  [/\beval\s*\(|\bnew Function\s*\(/, 'eval'],
];
for (const file of readdirSync(join(dist, 'assets')).filter((name) => name.endsWith('.js'))) {
  const text = readFileSync(join(dist, 'assets', file), 'utf8');
  // Chrome 80 reads ES2020; the linter is used for its parser.
  for (const { fatal, message } of new Linter().verify(text, { languageOptions: { ecmaVersion: 2020 } })) {
    if (fatal) problems.push(`assets/${file} is not ES2020: ${message}`);
  }
  for (const [pattern, name] of forbidden) {
    if (pattern.test(text)) problems.push(`assets/${file} uses ${name}`);
  }
}

for (const problem of problems) console.error(`build: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
