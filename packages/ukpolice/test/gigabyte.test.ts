import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { packageFolder, requireFreshBuild } from './dist.js'

it(
  'an archive of a gigabyte is read in full in flat memory, under a heap of 48 MB',
  { timeout: 240_000 },
  async () => {
    requireFreshBuild()
    const directory = await mkdtemp(path.join(tmpdir(), 'ukpolice-gigabyte-'))
    try {
      const file = path.join(directory, 'big.zip')
      const program = path.join(packageFolder, 'test/programs/gigabyte.mjs')
      const run = async (...args: string[]) =>
        JSON.parse((await promisify(execFile)(process.execPath, args)).stdout) as {
          bytes: number
          rowCount: number
          unplaced: number
          issueCount: number
          peaks: number[]
        }
      const made = await run(program, 'make', file, '16')
      const result = await run('--max-old-space-size=48', program, 'read', file)
      expect(result.bytes).toBeGreaterThan(2 ** 30)
      expect(result.rowCount).toBe(made.rowCount)
      expect(result.unplaced).toBe(made.rowCount / 5)
      expect(result.issueCount).toBe(0)
      expect(result.peaks).toHaveLength(16)
      // The first file warms up; after it no file takes more than any other.
      const [first, ...later] = result.peaks as [number, ...number[]]
      const limit = Math.max(first, later[0] as number) + 40e6
      for (const peak of later) expect(peak).toBeLessThan(limit)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
)
