import { OptionError } from '../errors.js'

/** Options of every sink that writes one file per segment. */
export interface FileSinkOptions {
  /** Folder of the files; created if missing. */
  readonly directory: string
  /** Overwrite files of the same name. Default: false, an existing file is an error. */
  readonly force?: boolean
}

/** Options of every sink that can add labels. */
export interface LabelOptions {
  /** Add `<name>_label` after each column that has a code table. Default: false. */
  readonly labels?: boolean
}

/** Throws OPTION_UNKNOWN for a key that is not in `known`, so that a misspelt one is not ignored. */
export function rejectUnknownOptions(
  caller: string,
  options: object,
  known: readonly string[],
): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    throw new OptionError(
      'OPTION_UNKNOWN',
      `${caller} has no option "${key}"; expected ${known.join(', ')}`,
      { option: key },
    )
  }
}

/** The options' `directory`, checked. */
export function requireDirectory(caller: string, directory: unknown): string {
  if (typeof directory === 'string' && directory !== '') return directory
  throw new OptionError(
    'OPTION_INVALID',
    `${caller} needs "directory", the path of a folder for the files; got ${JSON.stringify(directory)}`,
    { option: 'directory' },
  )
}
