// @ts-check
// A jest transform for the plain ES modules (.mjs) that tests load in their own process. ts-jest keeps the format that
// the file name promises; jest without experimental flags of Node needs CommonJS.
const ts = require('typescript')

/** Changed with the options below: jest caches what a transform gave. */
const VERSION = '1'

module.exports = {
  getCacheKey: (/** @type {string} */ text, /** @type {string} */ file) =>
    require('node:crypto').createHash('sha256').update([VERSION, ts.version, file, text].join('\0')).digest('hex'),

  process(/** @type {string} */ text, /** @type {string} */ file) {
    const { outputText } = ts.transpileModule(text, {
      // With the name .mjs TypeScript would leave `import` as it is.
      fileName: file.replace(/\.mjs$/, '.js'),
      compilerOptions: {
        module: ts.ModuleKind.CommonJS,
        target: ts.ScriptTarget.ES2022,
        allowJs: true,
        esModuleInterop: true,
        inlineSourceMap: true,
        inlineSources: true,
      },
    })
    return { code: outputText }
  },
}
