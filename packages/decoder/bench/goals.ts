import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { decode, drain, isDecoderError, openInput } from '@nibrs/decoder'
import { type Codec, parquetFiles } from '@nibrs/decoder/parquet'
import { type Bench, type Goal, sizeName } from './bench.js'
import { cProgram } from './c-decode.js'
import { finding, type Finding, type Skipped } from './contest.js'
import { sqlText } from './duckdb-decode.js'
import { compareBytes, compareParquet, assertSame } from './identity.js'
import { type Input, SPEC } from './inputs.js'
import { mawkProgram } from './mawk-decode.js'
import { type Command, measure, type Measurement } from './measure.js'

type Results = readonly (Finding | Skipped)[]

const MIB = 2 ** 20

/** The goals of the decoder. The loader's P10 stands in its own package: see `main.ts`. */
export const goals: readonly Goal[] = [
  {
    id: 'P1',
    title: 'zip to Parquet on 2 threads, against DuckDB',
    setFor: 3e9,
    run: zipAgainstDuckDb,
  },
  {
    id: 'P2',
    title: 'zip to Parquet on 2 threads, against unzip',
    setFor: 3e9,
    run: zipAgainstUnzip,
  },
  {
    id: 'P3',
    title: 'zip to Parquet on 2 threads, against inflate',
    setFor: 3e9,
    run: zipAgainstInflate,
  },
  {
    id: 'P4',
    title: 'text to Parquet on 1 thread, against DuckDB',
    setFor: 1e9,
    run: textAgainstDuckDb,
  },
  { id: 'P5', title: 'decoding alone on 1 thread, against C', setFor: 1e9, run: decodeAgainstC },
  { id: 'P6', title: 'peak memory; time by size and threads', setFor: 3e9, run: memory },
  { id: 'P7', title: 'size of Parquet, against DuckDB', setFor: 1e9, run: parquetSize },
  {
    id: 'P8',
    title: 'text to CSV on 1 thread, against csv-stringify and mawk',
    setFor: 1e9,
    run: csv,
  },
  { id: 'P9', title: 'zip to Parquet, from a cold start', setFor: 100e6, run: coldStart },
]

function threadsName(threads: number): string {
  return threads === 1 ? '1 thread' : `${threads} threads`
}

async function zipAgainstDuckDb(bench: Bench): Promise<Results> {
  const input = await bench.input(bench.sizes.whole)
  await bench.prove(input)
  const work = `zip of ${sizeName(input.bytes)} to Parquet, 2 threads`
  return againstFrames(bench, 'P1', work, input, 18, 2, bench.ours(input.zip, { threads: 2 }))
}

async function textAgainstDuckDb(bench: Bench): Promise<Results> {
  const input = await bench.input(bench.sizes.text)
  await bench.prove(input)
  const work = `text of ${sizeName(input.bytes)} to Parquet, 1 thread`
  return againstFrames(bench, 'P4', work, input, 22, 1, bench.ours(input.text, { threads: 1 }))
}

/** Against the data frame engines: DuckDB for the goal, polars to be told. */
async function againstFrames(
  bench: Bench,
  goal: string,
  work: string,
  input: Input,
  atLeast: number,
  threads: number,
  ours: Command,
): Promise<Results> {
  const duckDb = await bench.duckDb(input, threads)
  const form =
    duckDb.form === 'scan' ? 'text read anew for each table' : 'text read once, to a table'
  const unit = 'times faster'
  const against = `DuckDB from text, ${threadsName(threads)}, ${form}`
  const target = { relation: 'at least', value: atLeast } as const
  const first = await bench.contest({ goal, work, against, unit, target }, ours, duckDb)
  const other = `polars from text, ${threadsName(threads)}`
  const { polars } = bench.peers
  if (polars === null) {
    return [first, { goal, work, against: other, skipped: 'polars is not installed' }]
  }
  const output = bench.folder('polars')
  const args = [polars.folder, input.text, bench.plan('polars', bench.tables), output]
  const peer = {
    ...bench.program('polars', args, output),
    env: { POLARS_MAX_THREADS: String(threads) },
  }
  await measure(ours)
  await measure(peer)
  await bench.withDuckDb(async (connection) => {
    const found = await compareParquet(connection, ours.output!, output, bench.tables)
    assertSame('Parquet of polars', found)
  })
  bench.proved(`Parquet of ${sizeName(input.bytes)}: the same as polars'`)
  return [
    first,
    await bench.contest({ goal, work, against: other, unit, target: null }, ours, peer),
  ]
}

async function zipAgainstUnzip(bench: Bench): Promise<Results> {
  const input = await bench.input(bench.sizes.whole)
  await bench.prove(input)
  const work = `zip of ${sizeName(input.bytes)} to Parquet, 2 threads`
  const against = 'unzip -p > /dev/null'
  const { unzip } = bench.peers
  if (unzip === null) return [{ goal: 'P2', work, against, skipped: 'unzip is not installed' }]
  return [
    await bench.contest(
      {
        goal: 'P2',
        work,
        against,
        unit: 'of its time',
        target: { relation: 'at most', value: 0.28 },
      },
      bench.ours(input.zip, { threads: 2 }),
      { program: unzip.program, args: ['-p', input.zip] },
    ),
  ]
}

async function zipAgainstInflate(bench: Bench): Promise<Results> {
  const input = await bench.input(bench.sizes.whole)
  await bench.prove(input)
  const { start, length } = input.packed
  return [
    await bench.contest(
      {
        goal: 'P3',
        work: `zip of ${sizeName(input.bytes)} to Parquet, 2 threads`,
        against: "Node's inflate to nowhere, 1 MiB chunks",
        unit: '% of its speed',
        target: { relation: 'at least', value: 75 },
      },
      bench.ours(input.zip, { threads: 2 }),
      bench.program('inflate', [input.zip, String(start), String(length)]),
    ),
  ]
}

async function decodeAgainstC(bench: Bench): Promise<Results> {
  const input = await bench.input(bench.sizes.text)
  await bench.prove(input)
  const work = `decoding alone, text of ${sizeName(input.bytes)}, 1 thread`
  const against = 'C generated from the spec, fixed-length hop'
  const { compiler } = bench.peers
  if (compiler === null) {
    return [{ goal: 'P5', work, against, skipped: 'neither gcc nor clang is installed' }]
  }
  const source = path.join(bench.options.scratch, 'reference.c')
  const reference = path.join(bench.options.scratch, 'reference')
  writeFileSync(source, cProgram(bench.tables))
  const flags = ['-O3', '-march=native', '-o', reference, source]
  bench.printed({ program: compiler.program, args: flags })
  const ours = (...sums: string[]): Command =>
    bench.program('decode-only', [input.text, SPEC, ...sums])
  const sumsOf = (command: Command): string => bench.printed(command).split('\n').sort().join('\n')
  if (sumsOf(ours('sums')) !== sumsOf({ program: reference, args: [input.text, 'sums'] })) {
    throw new Error('the reference in C decodes to other columns, so its speed says nothing')
  }
  bench.proved(
    `decoding of ${sizeName(input.bytes)}: counts and sums of every column as in the C reference`,
  )
  return [
    await bench.contest(
      {
        goal: 'P5',
        work,
        against,
        unit: '% of its speed',
        target: { relation: 'at least', value: 60 },
      },
      ours(),
      { program: reference, args: [input.text] },
    ),
  ]
}

/** Peak memory by threads, the most over all sizes; and what time grows with. */
async function memory(bench: Bench): Promise<Results> {
  const { cold, quarter, whole } = bench.sizes
  const sizes = [...new Set([cold, quarter, whole])].sort((a, b) => a - b)
  const findings: Finding[] = []
  for (const [threads, mostMiB] of [
    [1, 160],
    [2, 220],
  ] as const) {
    const peaks: number[] = []
    const names: string[] = []
    for (const size of sizes) {
      const input = await bench.input(size)
      const name = sizeName(input.bytes)
      const work = `zip of ${name} to Parquet, ${threadsName(threads)}`
      bench.note(`P6: ${work}`)
      const runs: Measurement[] = []
      for (let i = 0; i < bench.options.pairs; i++) {
        runs.push(await measure(bench.ours(input.zip, { threads })))
      }
      const seconds = runs.map(({ wallMs }) => wallMs / 1000)
      const what = { goal: 'P6', work, against: null, unit: 's', target: null } as const
      findings.push(finding(what, seconds, { ours: runs }))
      names.push(name)
      peaks.push(...runs.flatMap(({ peakBytes }) => peakBytes ?? []))
    }
    if (peaks.length === 0) continue
    const work = `peak memory, zip of ${names.join(', ')} to Parquet, ${threadsName(threads)}`
    const target = { relation: 'at most', value: mostMiB } as const
    const most = Math.max(...peaks) / MIB
    findings.push(finding({ goal: 'P6', work, against: null, unit: 'MiB', target }, [most]))
  }
  return findings
}

/**
 * File sizes without `record_number`, which DuckDB has no good encoding for: with it ours would look
 * better than it is.
 */
async function parquetSize(bench: Bench): Promise<Results> {
  const input = await bench.input(bench.sizes.text)
  await bench.prove(input)
  const directory = bench.folder('ours')
  const codecs: readonly [Codec, number | null][] = [
    ['none', 0.95],
    ['gzip', 0.65],
    ['snappy', null],
    ['zstd', null],
  ]
  return bench.withDuckDb(async (connection) => {
    const one = async (sql: string): Promise<number> =>
      Number((await connection.runAndReadAll(sql)).getRows()[0]![0])
    let duckDb = 0
    const results: (Finding | Skipped)[] = []
    for (const [codec, value] of codecs) {
      const name = codec === 'none' ? 'not compressed' : codec
      const work = `size of Parquet, ${name}, text of ${sizeName(input.bytes)}`
      const against = 'DuckDB, snappy, the same columns'
      bench.note(`P7: ${work}`)
      const decoding = decode(openInput(input.text), bench.spec, {
        aligned: false,
        reuseArrays: true,
      })
      let sink
      try {
        sink = parquetFiles({ directory, codec, force: true })
      } catch (error) {
        if (!isDecoderError(error)) throw error
        results.push({ goal: 'P7', work, against, skipped: `this Node has no ${codec}` })
        continue
      }
      let ours = 0
      for (const { path: file, byteCount } of await drain(decoding, sink)) {
        const from = sqlText(file)
        const to = sqlText(path.join(bench.options.scratch, 'rewritten.parquet'))
        ours += byteCount
        ours -= await one(
          `SELECT coalesce(sum(total_compressed_size), 0) FROM parquet_metadata(${from}) ` +
            "WHERE path_in_schema = 'record_number'",
        )
        if (codec !== 'none') continue
        await connection.run(
          `COPY (SELECT * EXCLUDE (record_number) FROM ${from}) TO ${to} (FORMAT parquet)`,
        )
        duckDb += await one(`SELECT size FROM read_blob(${to})`)
      }
      const target = value === null ? null : ({ relation: 'at most', value } as const)
      results.push(
        finding({ goal: 'P7', work, against, unit: 'of its size', target }, [ours / duckDb]),
      )
    }
    return results
  })
}

async function csv(bench: Bench): Promise<Results> {
  const input = await bench.input(bench.sizes.text)
  await bench.prove(input)
  const ours = bench.ours(input.text, { threads: 1, format: 'csv' })
  const output = bench.folder('peer')
  const writer = bench.program('csv-stringify', [input.text, SPEC, output], output)
  bench.note('proving that CSV is the same')
  await measure(ours)
  await measure(writer)
  assertSame('CSV', await compareBytes(ours.output!, output))
  const name = sizeName(input.bytes)
  bench.proved(`CSV of ${name}: byte for byte that of csv-stringify`)
  const work = `text of ${name} to CSV, 1 thread`
  const unit = 'times faster'
  const first = await bench.contest(
    {
      goal: 'P8',
      work,
      against: 'csv-stringify, the same bytes',
      unit,
      target: { relation: 'at least', value: 15 },
    },
    ours,
    writer,
  )
  const { mawk } = bench.peers
  const against = 'mawk substr, untyped'
  if (mawk === null) {
    return [first, { goal: 'P8', work, against, skipped: 'mawk is not installed' }]
  }
  const program = path.join(bench.options.scratch, 'decode.awk')
  writeFileSync(program, mawkProgram(bench.tables))
  const args = ['-v', `folder=${output}`, '-f', program, input.text]
  const target = { relation: 'at least', value: 6 } as const
  return [
    first,
    await bench.contest({ goal: 'P8', work, against, unit, target }, ours, {
      program: mawk.program,
      args,
      output,
    }),
  ]
}

async function coldStart(bench: Bench): Promise<Results> {
  const input = await bench.input(bench.sizes.cold)
  const work = `zip of ${sizeName(input.bytes)} to Parquet, the command as it is`
  bench.note(`P9: ${work}`)
  const ours: Measurement[] = []
  for (let i = 0; i < bench.options.pairs; i++) ours.push(await measure(bench.ours(input.zip)))
  const target = { relation: 'at most', value: 0.6 } as const
  const seconds = ours.map(({ wallMs }) => wallMs / 1000)
  return [finding({ goal: 'P9', work, against: null, unit: 's', target }, seconds, { ours })]
}
