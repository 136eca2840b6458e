import { stringify } from 'csv-stringify/sync'
import { createWriteStream, existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import type { Writable } from 'node:stream'
import type { FlatRecord, OutRecord } from './records.js'
import { UsageError } from './args.js'

/** Writes records in one format to one place. */
export interface Output {
  write(records: readonly OutRecord[]): Promise<void>
  /** Names the columns of a table that turned out to have no rows; otherwise does nothing. */
  nameColumns(like: FlatRecord): Promise<void>
  /** Ends the output; an incomplete file keeps the suffix `.partial`. Returns where it is. */
  close(complete: boolean): Promise<string>
  /** Removes what was written to a file. */
  abort(): Promise<void>
}

/**
 * Opens an output.
 *
 * @throws {UsageError} for a file that exists, without `--force`, or whose folder does not
 */
export function openOutput(
  format: 'csv' | 'ndjson' | 'geojson',
  target: string,
  force: boolean,
  stdout: Writable,
): Output {
  const toFile = target !== '-'
  if (toFile && !force && existsSync(target)) {
    throw new UsageError(`${target} exists; use --force to overwrite it`)
  }
  const folder = path.dirname(target)
  if (toFile && !existsSync(folder)) {
    throw new UsageError(`${target} cannot be written: there is no folder ${folder}`)
  }
  const partial = `${target}.partial`
  const stream = toFile ? createWriteStream(partial) : stdout
  let failure: Error | undefined
  stream.on('error', (error: Error) => {
    failure = error
  })
  let first = true
  const put = async (text: string): Promise<void> => {
    if (failure) throw failure
    if (text === '') return
    if (!stream.write(text)) {
      // A reader that goes away never drains.
      const waiting = new AbortController()
      const { signal } = waiting
      try {
        await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })])
      } finally {
        waiting.abort() // takes the listener of the other one back
      }
    }
    if (failure as Error | undefined) throw failure as unknown as Error
  }

  const formats = {
    csv: {
      start: '',
      end: '',
      text: (records: readonly OutRecord[]) =>
        stringify(
          records.map(({ flat }) => flat),
          {
            header: first,
            columns: Object.keys(records[0]?.flat ?? {}),
            cast: { boolean: (value) => String(value) },
          },
        ),
    },
    ndjson: {
      start: '',
      end: '',
      text: (records: readonly OutRecord[]) =>
        records.map(({ raw }) => `${JSON.stringify(raw)}\n`).join(''),
    },
    geojson: {
      start: '{"type":"FeatureCollection","features":[\n',
      end: '\n]}\n',
      text: (records: readonly OutRecord[]) =>
        (first ? '' : ',\n') + records.map((record) => JSON.stringify(feature(record))).join(',\n'),
    },
  }
  const chosen = formats[format]
  let started = false
  const start = async (): Promise<void> => {
    if (started) return
    started = true
    await put(chosen.start)
  }

  return {
    async write(records) {
      await start()
      if (records.length === 0) return
      const text = chosen.text(records)
      first = false
      await put(text)
    },
    async nameColumns(like) {
      if (format !== 'csv' || !first) return
      first = false
      await put(stringify([Object.keys(like)]))
    },
    async close(complete) {
      await start()
      await put(chosen.end)
      if (!toFile) return 'standard output'
      stream.end()
      await finished(stream)
      if (!complete) return partial
      await rename(partial, target)
      return target
    },
    async abort() {
      if (!toFile) return
      stream.destroy()
      // While the file is still being opened, removing it would come too early.
      if (!stream.closed) await once(stream, 'close')
      await rm(partial, { force: true })
    },
  }
}

function feature({ flat, place, geometry }: OutRecord): object {
  const { latitude: _latitude, longitude: _longitude, ...properties } = flat
  return {
    type: 'Feature',
    geometry: geometry ?? (place && { type: 'Point', coordinates: [place.lng, place.lat] }),
    properties,
  }
}
