import * as zlib from 'node:zlib'
import type { Codec } from './format.js'

/** Compresses one page; the result may be reused by the next call. */
export type Compress = (bytes: Uint8Array) => Uint8Array

/** Deflate effort: more costs far more time than it saves bytes on packed indexes. */
const GZIP_LEVEL = 1

/** The compressor of a codec; null for `none`. */
export function compressorOf(codec: Codec): Compress | null {
  switch (codec) {
    case 'none':
      return null
    case 'gzip':
      return (bytes) => zlib.gzipSync(bytes, { level: GZIP_LEVEL })
    case 'snappy':
    case 'zstd':
      throw new Error(`codec "${codec}" is not there yet`)
  }
}
