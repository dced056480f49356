import tseslint from 'typescript-eslint';

const dom = [
  'document', 'window', 'navigator', 'location', 'history', 'screen', 'getComputedStyle', 'requestAnimationFrame',
  'alert', 'confirm', 'prompt', 'HTMLElement', 'Element', 'Node', 'Image', 'matchMedia', 'addEventListener',
].map((name) => ({ name, message: 'The DOM belongs to src/ui; take what you need through an interface.' }));

// Chrome 80 lacks these and no build step adds them.
const tooNew = ['structuredClone', 'reportError'].map((name) => ({ name, message: 'Chrome 80 lacks it.' }));

const noImportsFrom = (layers, message) => [
  'error',
  { patterns: [{ group: layers.flatMap((l) => [`**/${l}`, `**/${l}/**`]), message }] },
];

export default tseslint.config(
  { ignores: ['dist', 'node_modules', '*.js'] },
  ...tseslint.configs.recommended,
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-restricted-globals': ['error', ...tooNew],
      'no-console': 'error',
      eqeqeq: ['error', 'always'],
    },
  },
  {
    files: ['src/protocol/**', 'src/state/**', 'src/i18n/**'],
    rules: { 'no-restricted-globals': ['error', ...tooNew, ...dom] },
  },
  {
    files: ['src/protocol/**'],
    rules: { 'no-restricted-imports': noImportsFrom(['state', 'ui', 'i18n'], 'protocol stands on nothing of ours') },
  },
  {
    files: ['src/state/**'],
    rules: { 'no-restricted-imports': noImportsFrom(['ui'], 'state must not know who shows it') },
  },
  {
    files: ['src/ui/**', 'src/main.tsx'],
    rules: { 'no-restricted-imports': noImportsFrom(['protocol'], 'ui goes through state') },
  },
  {
    files: ['scripts/**', '*.config.ts', 'e2e/**'],
    rules: { 'no-console': 'off' },
  },
);
