export {
  type Archive,
  type ArchiveBatch,
  type ArchiveEntry,
  type ArchiveIssue,
  type ArchiveReadOptions,
  type ArchiveRow,
  archiveUrl,
  type ArchiveUrlOptions,
  openArchive,
} from './archive.js'
export type { RemoteOptions } from './byte-source.js'
export {
  type ArchiveCrime,
  type ArchiveDataset,
  type ArchiveExtras,
  archiveHeaders,
  type ArchiveLocation,
  type ArchiveOutcome,
  type ArchiveRowTypes,
  type ArchiveStop,
} from './rows.js'
