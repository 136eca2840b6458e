import { expectTypeOf, test } from 'vitest'
import type { BatchSink } from '../../src/batch.js'
import {
  type Codec,
  parquetFiles,
  type ParquetFilesOptions,
  type WrittenFile,
} from '../../src/sinks/parquet.js'

test('the options of parquetFiles', () => {
  expectTypeOf(parquetFiles).parameters.toEqualTypeOf<[options: ParquetFilesOptions]>()
  expectTypeOf(parquetFiles).returns.toEqualTypeOf<BatchSink<readonly WrittenFile[]>>()
  expectTypeOf<keyof ParquetFilesOptions>().toEqualTypeOf<
    'directory' | 'force' | 'labels' | 'codec' | 'rowGroupRows'
  >()
  expectTypeOf<Codec>().toEqualTypeOf<'none' | 'snappy' | 'gzip' | 'zstd'>()
  expectTypeOf<{ directory: string }>().toExtend<ParquetFilesOptions>()
  expectTypeOf<{ directory: string; codec: 'lzma' }>().not.toExtend<ParquetFilesOptions>()
  expectTypeOf<{ codec: 'none' }>().not.toExtend<ParquetFilesOptions>()
  expectTypeOf<{ directory: string; rowGroupRows: bigint }>().not.toExtend<ParquetFilesOptions>()
})

test('what is written is told read-only', () => {
  expectTypeOf<WrittenFile>().toEqualTypeOf<{
    readonly segment: string
    readonly path: string
    readonly rowCount: number
    readonly byteCount: number
  }>()
})
