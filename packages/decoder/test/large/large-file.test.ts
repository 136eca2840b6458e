import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

// LARGE_FILE_BYTES=1e9 is what CI runs; the default keeps `npm test` short. Several threads start from
// 160 MiB on.
const BYTES = Number(process.env['LARGE_FILE_BYTES'] ?? 180e6)
const BYTES_PER_RECORD = 85
const TIMEOUT_MS = 60_000 + BYTES / 1000

const programs = fileURLToPath(new URL('programs/', import.meta.url))
const folder = mkdtempSync(path.join(tmpdir(), 'large-'))
const zip = path.join(folder, 'large.zip')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Generated {
  readonly bytes: number
  readonly records: number
  readonly rows: Record<string, number>
}

let generated: Generated
beforeAll(() => {
  const records = String(Math.round(BYTES / BYTES_PER_RECORD))
  const out = execFileSync(process.execPath, [path.join(programs, 'generate.mjs'), zip, records])
  generated = JSON.parse(out.toString()) as Generated
}, TIMEOUT_MS)

describe('a large file', () => {
  it.each([1, 2])(
    'passes under a heap of 128 MiB with %i threads, whatever its size',
    (threads) => {
      const output = path.join(folder, `out-${threads}`)
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [
          '--max-old-space-size=128',
          path.join(programs, 'decode.mjs'),
          zip,
          '-o',
          output,
          '--threads',
          String(threads),
          '--json',
          '--quiet',
        ],
        { encoding: 'utf8', maxBuffer: 1 << 24 },
      )
      expect(stderr).toMatch(/peak \d+ MiB/)
      expect(status).toBe(0)
      const { inputs } = JSON.parse(stdout) as {
        inputs: [{ stats: { bytes: number; records: number; rows: Record<string, number> } }]
      }
      const { stats } = inputs[0]
      expect(stats.bytes).toBe(generated.bytes)
      expect(stats.records).toBe(generated.records)
      expect(stats.rows).toMatchObject(generated.rows)
      const peakMiB = Number(/peak (\d+) MiB/.exec(stderr)![1])
      console.info(`${(generated.bytes / 1e6).toFixed(0)} MB, ${threads} threads: ${peakMiB} MiB`)
      // Far below the text: what is held does not grow with the file.
      expect(peakMiB).toBeLessThan(400)
    },
    TIMEOUT_MS,
  )

  it(
    'leaves nothing behind when interrupted while several threads write',
    async () => {
      const output = path.join(folder, 'interrupted')
      const child = spawn(
        process.execPath,
        [path.join(programs, 'decode.mjs'), zip, '-o', output, '--threads', '3'],
        { stdio: 'ignore' },
      )
      const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
      const partials = (): string[] =>
        existsSync(output) ? readdirSync(output).filter((name) => name.endsWith('.partial')) : []
      while (partials().length === 0 && child.exitCode === null) {
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      child.kill('SIGINT')
      expect(await exited).toBe(130)
      expect(existsSync(output)).toBe(false)
    },
    TIMEOUT_MS,
  )
})
