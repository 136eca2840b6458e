import type { BatchSink } from '../batch.js'
import { OptionError } from '../errors.js'
import { tableFormat } from '../sinks/file-format.js'
import {
  tableFilesSink,
  type ClosingFile,
  type WrittenFile,
  type WrittenStream,
} from '../sinks/table-sink.js'
import type { DecodeCommand } from './args.js'
import { writeStdout } from './terminal.js'

/** A sink of any format, to files or to standard output. */
export type TablesSink = BatchSink<readonly (WrittenFile | WrittenStream)[]>

/** The sink that writes a folder of files; loads only the format's own code. */
export async function fileSink(
  directory: string,
  { format, force, labels }: DecodeCommand,
  batchRows: number,
  closing: ClosingFile,
): Promise<TablesSink> {
  const { extension, openTable } = await tableFormat(format, { labels, batchRows })
  return tableFilesSink({ directory, force, extension, closing }, openTable)
}

/** The sink that writes to standard output; loads only the format's own code. */
export async function streamSink({ format, labels }: DecodeCommand): Promise<TablesSink> {
  const write = (bytes: Uint8Array) => writeStdout(bytes)
  const options = { labels }
  switch (format) {
    case 'parquet':
      throw new OptionError('OPTION_CONFLICT', 'Parquet cannot be written to a stream')
    case 'arrow':
      return asList((await import('../sinks/arrow.js')).arrowStream(write, options))
    case 'csv':
      return asList((await import('../sinks/csv.js')).csvStream(write, options))
    case 'ndjson':
      return asList((await import('../sinks/ndjson.js')).ndjsonStream(write, options))
  }
}

function asList(sink: BatchSink<WrittenStream>): TablesSink {
  return {
    open: (schema) => sink.open(schema),
    write: (batch) => sink.write(batch),
    close: async () => [await sink.close()],
    abort: (reason) => sink.abort(reason),
  }
}
