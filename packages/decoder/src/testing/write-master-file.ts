import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Manifest } from './expected.js'
import { generateMasterFile } from './master-file.js'
import type { GenerateOptions } from './options.js'
import { writeZip } from './zip-file.js'

const GZIP_CHUNK = 1 << 20
/** From this many bytes at most on, the zip gets zip64 records. */
const ZIP64_FROM = 0xfff00000

/** Options of {@link writeMasterFile}. */
export interface WriteOptions extends GenerateOptions {
  /** Level of gzip and deflate, 1 (fast) to 9 (small). Default 6. */
  readonly level?: number
  /** Zip64 records: default only where the file may reach 4 GiB. */
  readonly zip64?: boolean
  /** Name of the zip's entry. Default: {@link entryName} of the year. */
  readonly entry?: string
  readonly signal?: AbortSignal
}

/**
 * Generates a master file straight to disk: `.zip` (one entry, named as the FBI names it), `.gz`,
 * or text for any other extension. It appears under its name only when complete.
 *
 * @returns counts and control sums
 * @throws {OptionError} for an unknown option or an impossible value
 */
export async function writeMasterFile(file: string, options: WriteOptions): Promise<Manifest> {
  const { level = 6, zip64, entry, signal, ...generate } = options
  const generated = await generateMasterFile(generate)
  const unfinished = `${file}.part`
  try {
    if (file.endsWith('.zip')) {
      const longest = Math.max(...generated.spec.layouts.map((layout) => layout.maxLength)) + 32
      const most = (generate.records ?? 10_000) * Math.max(longest, generate.padTo ?? 0)
      await writeZip(unfinished, entry ?? entryName(options.year), generated, {
        level,
        zip64: zip64 ?? most >= ZIP64_FROM,
        ...(signal === undefined ? {} : { signal }),
      })
    } else {
      const source = Readable.from(generated, { objectMode: true, highWaterMark: 2 })
      const target = createWriteStream(unfinished)
      if (file.endsWith('.gz')) {
        await pipeline(source, createGzip({ level, chunkSize: GZIP_CHUNK }), target, { signal })
      } else {
        await pipeline(source, target, { signal })
      }
    }
    await rename(unfinished, file)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
  return generated.manifest
}

/**
 * The name of the text file inside the FBI's yearly archive, as public scripts quote it; names
 * before 2019 are not known and follow those of 2020.
 */
export function entryName(year: number): string {
  if (year === 2019) return '2019_NIBRS_NATIONAL_MASTER_FILE_ENC_STATIC.txt'
  if (year >= 2025) return `nibrs-${year}.txt`
  const suffix = year <= 2020 || year === 2022 ? '_ENC' : ''
  return `${year}_NIBRS_NATIONAL_MASTER_FILE${suffix}.txt`
}
