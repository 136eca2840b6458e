import * as zlib from 'node:zlib'
import type { Codec } from './format.js'
import { compressSnappy } from './snappy.js'

/** Compresses one page; the result may be overwritten by the next call. */
export type Compress = (bytes: Uint8Array) => Uint8Array

/** Effort: more costs far more time than it saves bytes on packed indexes. */
const GZIP_LEVEL = 1
const ZSTD_LEVEL = 1

interface ZstdFunctions {
  readonly zstdCompressSync?: (bytes: Uint8Array, options: object) => Uint8Array
  readonly constants: { readonly ZSTD_c_compressionLevel?: number }
}

const { zstdCompressSync, constants } = zlib as ZstdFunctions

/** Whether the running Node can compress with a codec: zstd came with 22.15 and 23.8. */
export function isCodecAvailable(codec: Codec): boolean {
  return codec !== 'zstd' || zstdCompressSync !== undefined
}

/** The compressor of a codec; null for `none`. Throws a TypeError when it is not available. */
export function compressorOf(codec: Codec): Compress | null {
  switch (codec) {
    case 'none':
      return null
    case 'gzip':
      return (bytes) => zlib.gzipSync(bytes, { level: GZIP_LEVEL })
    case 'snappy':
      return compressSnappy
    case 'zstd': {
      if (zstdCompressSync === undefined) {
        throw new TypeError('zlib has no zstd in this version of Node; use 22.15 or later')
      }
      const params = { [constants.ZSTD_c_compressionLevel!]: ZSTD_LEVEL }
      return (bytes) => zstdCompressSync(bytes, { params })
    }
  }
}
