// Writes a synthetic NIBRS master file and prints its counts and control sums as JSON:
//   npm run synth -- --year 2022 --records 1e6 --out x.zip
// The extension of --out decides: .zip (one entry, as the FBI packs it), .gz, or text.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const usage = `usage: npm run synth -- --year <1991-2025> --out <file.zip|file.gz|file.txt>
      --records <n>           lines to write, also as 1e6       (default: 10000)
      --seed <n>              same seed, same bytes             (default: 1)
      --line-end <name>       lf | crlf | mixed                 (default: lf)
      --no-final-newline      leave the last line open
      --end-mark              0x1A at the end
      --trim <name>           cut trailing blanks: none | some | all  (default: none)
      --pad-to <n>            pad lines with blanks, as tapes did to 132
      --tails                 optional fields at the end of some lines
      --blank-lines <share>   blank lines between records
      --repeated-headers <share>
      --faults <share>        records with a fault
      --fault-kind <code>     repeatable; default: every kind
      --level <1-9>           of deflate and gzip               (default: 6)
      --zip64                 zip64 records also in a small zip`

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const built = path.join(root, 'packages/decoder/dist/testing/index.js')

function number(name, text) {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new Error(`--${name} is "${text}"; expected a number`)
}

function options() {
  const { values } = parseArgs({
    options: {
      year: { type: 'string' },
      out: { type: 'string' },
      records: { type: 'string' },
      seed: { type: 'string' },
      'line-end': { type: 'string' },
      'no-final-newline': { type: 'boolean' },
      'end-mark': { type: 'boolean' },
      trim: { type: 'string' },
      'pad-to': { type: 'string' },
      tails: { type: 'boolean' },
      'blank-lines': { type: 'string' },
      'repeated-headers': { type: 'string' },
      faults: { type: 'string' },
      'fault-kind': { type: 'string', multiple: true },
      level: { type: 'string' },
      zip64: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    console.log(usage)
    process.exit(0)
  }
  if (values.year === undefined || values.out === undefined) {
    throw new Error('--year and --out are needed')
  }
  const numbers = {
    year: 'year',
    records: 'records',
    seed: 'seed',
    'pad-to': 'padTo',
    'blank-lines': 'blankLines',
    'repeated-headers': 'repeatedHeaders',
    level: 'level',
  }
  const result = {}
  for (const [flag, option] of Object.entries(numbers)) {
    if (values[flag] !== undefined) result[option] = number(flag, values[flag])
  }
  if (values['line-end'] !== undefined) result.lineEnd = values['line-end']
  if (values.trim !== undefined) result.trim = values.trim
  if (values['no-final-newline']) result.finalNewline = false
  if (values['end-mark']) result.endMark = true
  if (values.tails) result.tails = true
  if (values.zip64) result.zip64 = true
  if (values.faults !== undefined) {
    result.faults = { rate: number('faults', values.faults) }
    if (values['fault-kind'] !== undefined) result.faults.kinds = values['fault-kind']
  }
  return { out: values.out, options: result }
}

try {
  const { out, options: chosen } = options()
  if (!existsSync(built)) {
    const build = path.join(root, 'scripts/build.mjs')
    const { status } = spawnSync(process.execPath, [build, 'decoder'], { stdio: 'inherit' })
    if (status !== 0) process.exit(1)
  }
  const { writeMasterFile } = await import(built)
  const manifest = await writeMasterFile(out, chosen)
  console.log(JSON.stringify({ out, ...manifest }, null, 2))
} catch (error) {
  console.error(`synth: ${error.message}`)
  if (error.code === undefined || /^(OPTION|ERR_PARSE)/.test(error.code)) console.error(usage)
  process.exit(error.code?.startsWith?.('OPTION') || error.code === undefined ? 2 : 1)
}
