// The public surface of @nibrs/decoder: named exports, nothing else.
export type {
  BatchSink,
  BytesColumn,
  CellValue,
  Column,
  Dictionary,
  DictionaryColumn,
  NumberColumn,
  SegmentBatch,
  SinkSchema,
  SinkTable,
} from './batch.js'
export type { ByteChunks } from './byte-chunks.js'
export { decode, type Decoding } from './decode.js'
export { detectSpec, type DetectedSpec } from './detect.js'
export { drain, type DrainOptions, type DrainSource } from './drain.js'
export {
  DecoderError,
  InputError,
  isDecoderError,
  OptionError,
  RecordError,
  SpecError,
  type ErrorContext,
  type InputErrorCode,
  type OptionErrorCode,
  type SpecErrorCode,
} from './errors.js'
export {
  events,
  incidents,
  type DecodedEvent,
  type EventIssue,
  type Incident,
  type IncidentKey,
  type IncidentOptions,
  type RecordEvent,
  type VictimRelationship,
  type VictimRow,
  type WithheldEvent,
} from './incidents.js'
export {
  openInput,
  type ByteSource,
  type EntryMethod,
  type InputInfo,
  type InputKind,
  type InputLike,
  type InputOptions,
  type ZipEntryInfo,
} from './input.js'
export type { Issue, IssueCode } from './issues.js'
export type { DecodeOptions } from './options.js'
export type { DecodeStats } from './record-decoder.js'
export { rows, type Row, type RowsOptions } from './rows.js'
export {
  listSpecs,
  loadSpec,
  parseSpec,
  type ParseSpecOptions,
  type ResolvedFile,
  type ResolveReference,
  type SpecSummary,
} from './spec/load.js'
export type {
  CodeEntry,
  CodeTable,
  ColumnSpec,
  ColumnType,
  CompiledSpec,
  Encoding,
  FieldSpec,
  FieldType,
  LayoutSpec,
  Provenance,
  SegmentRole,
  TableSpec,
} from './spec/types.js'
