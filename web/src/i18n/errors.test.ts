import { expect, it } from 'vitest';
import { languages, loadCatalogue } from './index';

const sources = import.meta.glob<string>(['../protocol/**/*.ts', '../state/*.ts', '../ui/**/*.ts', '!../**/*.test.ts'], {
  eager: true,
  query: '?raw',
  import: 'default',
});

// What the node's API answers with and this client passes on (docs/formats.md, 'HTTP API').
const fromTheNode = [
  'invite-invalid', 'invite-used', 'invite-expired', 'name-taken', 'name-invalid', 'vault-weak', 'already-member',
  'wrong-passphrase', 'too-many-guesses', 'no-ffmpeg', 'not-found', 'not-allowed', 'bad-request', 'internal',
  'too-large', 'last-operator', 'time-implausible', 'stale',
];
// What comes of statuses and of a relay's prefixes.
const fromTables = [
  'login-needed', 'server', 'restricted', 'invalid', 'rate-limited', 'refused', 'full', 'upload-failed', 'unexpected',
  'unsupported-type',
];

it.each(languages)('every error has a text in $name', async ({ code }) => {
  const thrown = Object.values(sources).flatMap((text) =>
    [...text.matchAll(/(?:CodedError\(|failed: |fail\()'([a-z-]+)'/g)].map((match) => match[1] as string),
  );
  expect(thrown).toContain('card-invalid'); // the search finds what there is
  const texts = await loadCatalogue(code);
  const codes = [...new Set([...thrown, ...fromTheNode, ...fromTables])];
  expect(codes.filter((c) => texts[`error.${c}`] === undefined)).toEqual([]);
});
