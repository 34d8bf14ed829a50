// @ts-check

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Types are checked once, by `tsc --noEmit`; here each file is only transpiled (isolatedModules).
  transform: {
    '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.json', diagnostics: false }],
    // The examples are ES modules, which jest loads only with a Node flag.
    '^.+\\.mjs$': '<rootDir>/test/unit/dns-server/esm-to-commonjs.cjs',
  },
  moduleNameMapper: { '^netvolley$': '<rootDir>/lib/index.ts' },
  modulePathIgnorePatterns: ['<rootDir>/build', '<rootDir>/dist', '<rootDir>/.build'],
  testTimeout: 30_000,
  maxWorkers: 2,
}
