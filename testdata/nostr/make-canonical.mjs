// Writes canonical.json: node make-canonical.mjs > canonical.json
import { createRequire } from 'node:module'
import { getEventHash, serializeEvent } from '../../web/node_modules/nostr-tools/lib/esm/pure.js'

const tools = createRequire(import.meta.url)('../../web/node_modules/nostr-tools/package.json').version
const pubkey = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'
const below = (n) => String.fromCharCode(...Array(n).keys())

const strings = [
  '',
  below(0x20),
  '\u007f',
  '\u0080\u009f\u00a0\u00ad',
  '"\\/\b\f\n\r\t',
  '<script>&amp;</script>',
  '\u2028\u2029\u200b\u200e\u202e\ufeff',
  '\ufdd0\ufffd\uffff\u{1fffe}\u{10ffff}',
  '마당에서 이야기하다',
  'مرحبا يا جيران',
  '👩‍👩‍👧‍👦🏳️‍🌈🇰🇷',
  'e\u0301 é',
  '\\u0041 \\n %s ${x}',
]
const events = [
  ...strings.map((s) => ({ created_at: 1700000000, kind: 1, tags: [['t', s], [s, s]], content: s })),
  { created_at: 0, kind: 0, tags: [], content: '{"name":"x"}' },
  { created_at: Number.MAX_SAFE_INTEGER, kind: 65535, tags: [['d'], ['e', '', '', 'x']], content: 'the largest numbers' },
]
const vectors = events.map((e) => {
  const event = { pubkey, ...e }
  return { event: { id: getEventHash(event), ...event }, canonical: serializeEvent(event) }
})
const ascii = (json) =>
  json.replace(/[\u007f-\uffff]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'))
process.stdout.write(ascii(JSON.stringify({ tools: 'nostr-tools ' + tools, vectors }, null, 1)) + '\n')
