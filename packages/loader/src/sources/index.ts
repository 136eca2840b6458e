// The sources of @crimewh/loader: what can be loaded.
export { nibrsFile, type NibrsFileOptions } from './nibrs.js'
export { nibrsTables } from './nibrs-tables.js'
export {
  type AreaShape,
  ukpoliceApi,
  type UkPoliceApiOptions,
  type UkPoliceArea,
} from './ukpolice.js'
export {
  ARCHIVE_DATASETS,
  ukpoliceArchive,
  type UkPoliceArchiveOptions,
} from './ukpolice-archive.js'
export {
  type ForceMonth,
  type LoadedSlice,
  type PlanOptions,
  planPublished,
  planSync,
  type PublishedPlan,
  type SyncPlan,
} from './ukpolice-plan.js'
export {
  apiKind,
  apiTable,
  archiveKind,
  archiveTable,
  UKPOLICE_DATASETS,
  type UkPoliceDataset,
} from './ukpolice-tables.js'
