// @ts-check
import eslint from '@eslint/js'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

// The same list as in scripts/lib/tidy-bans.mjs: tidy decides, this one underlines it in an editor.
const seam = 'Time, randomness and sockets come from the Runtime, so that the simulator can run this code.'
const ambientProperties = [
  ['Date', 'now'],
  ['Math', 'random'],
  ['performance', 'now'],
  ['process', 'hrtime'],
  ['AbortSignal', 'timeout'],
  ['AbortSignal', 'any'],
].map(([object, property]) => ({ object, property, message: seam }))
const ambientGlobals = ['setTimeout', 'setInterval', 'setImmediate'].map((name) => ({ name, message: seam }))
const ambientModules = ['net', 'dgram', 'dns', 'dns/promises', 'timers', 'timers/promises'].flatMap((name) => [
  { name, message: seam },
  { name: `node:${name}`, message: seam },
])

export default defineConfig(
  {
    ignores: ['node_modules/', 'build/', 'build-*/', 'dist/', '.build/', 'bench-results/', 'coverage/', 'test/types/'],
  },
  eslint.configs.recommended,
  { linterOptions: { reportUnusedDisableDirectives: 'error' }, rules: { eqeqeq: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/prefer-literal-enum-member': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // Interfaces of the seam return promises; an implementation that needs no await is still right.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['lib/**/*.ts'],
    rules: {
      'no-console': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
    },
  },
  {
    files: ['lib/**/*.ts'],
    ignores: ['lib/runtime/**', 'lib/native/**', 'lib/provider/**', 'lib/sim/real.ts', 'lib/cli/**'],
    rules: {
      'no-restricted-properties': ['error', ...ambientProperties],
      'no-restricted-globals': ['error', ...ambientGlobals],
      'no-restricted-imports': ['error', { paths: ambientModules }],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: seam },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      // Tests hand over wrong types on purpose and read JSON that child processes print.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // Names are resolved by tsc (checkJs), which knows Node's globals; a second list of them would only age.
    files: ['**/*.{mjs,cjs,js}'],
    rules: { 'no-undef': 'off', 'no-unused-vars': ['error', { argsIgnorePattern: '^_' }] },
  },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs' } },
)
