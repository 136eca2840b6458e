/**
 * Synthetic NIBRS master files for tests, demos and benchmarks: invented data in the true layout
 * of any year, with the rows and issues that decoding must give.
 */
export {
  type GeneratedFile,
  type GeneratedTruth,
  generateMasterFile,
  generateTruth,
} from './master-file.js'
export type { Expected, ExpectedRow, Manifest } from './expected.js'
export type { FaultOptions, GenerateOptions } from './options.js'
export { FAULT_KINDS, type FaultKind } from './fault-kinds.js'
export { entryName, writeMasterFile, type WriteOptions } from './write-master-file.js'
