// The public surface of @crimewh/loader: named exports, nothing else.
export type { LoadRecord, PurgedLoads } from './catalog.js'
export type {
  Capabilities,
  Connection,
  ConnectOptions,
  Destination,
  Dialect,
  HashedRows,
  LockRequest,
  SqlValue,
  Stage,
  StageRequest,
  StoredType,
} from './destinations/contract.js'
export { openDestination, type OpenDestinationOptions } from './destinations/open-destination.js'
export {
  DestinationError,
  type DestinationErrorCode,
  type ErrorContext,
  isLoaderError,
  LoaderError,
  OptionError,
  type OptionErrorCode,
  SchemaDriftError,
  type SchemaDriftErrorCode,
  SourceError,
  type SourceErrorCode,
} from './errors.js'
export { load } from './load.js'
export type {
  LoadManifest,
  LoadPlan,
  LoadResult,
  RowsOfLoad,
  SliceResult,
  TableCounts,
} from './load-result.js'
export {
  listLoads,
  type LoadsOptions,
  type RemoveLoadOptions,
  purgeLoads,
  readStates,
  removeLoad,
} from './loads.js'
export {
  CONTRACT_MODES,
  type Disposition,
  DISPOSITIONS,
  type LoadOptions,
  type MaxIssues,
  parseMaxIssues,
} from './options.js'
export type { LoadEvent } from './progress.js'
export type { RemovedLoad } from './removal.js'
export { schemaStatements } from './schema/print-schema.js'
export {
  type ColumnKind,
  type ColumnSchema,
  type Slice,
  type SliceColumn,
  sliceKey,
  type TableSchema,
} from './schema/table-schema.js'
export type {
  ContractMode,
  Fingerprint,
  ReadOptions,
  ReadProgress,
  RowValue,
  SliceProvenance,
  SliceReading,
  SliceSettings,
  Source,
  SourceContext,
  SourceFile,
  SourceSlice,
  StageBatch,
  StageIssue,
  StageRow,
  TableAccounting,
} from './source.js'
