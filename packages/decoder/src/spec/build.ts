/** What the build needs to write the bundled specs in compiled form. Not a public entry. */
export { writeCompiledSpec } from './compiled-json.js'
export { loadDetectHints } from './load-hints.js'
export { listSpecs, loadSpec } from './load.js'
