import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../..', import.meta.url))

function docsSpecs(...args: string[]): { status: number | null; said: string } {
  const script = path.join(root, 'scripts/docs-specs.mjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    encoding: 'utf8',
  })
  return { status, said: stdout + stderr }
}

describe('docs/specs', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'docs-specs-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('is what the specs say now', () => {
    expect(docsSpecs('--check')).toMatchObject({ status: 0 })
  })

  it('is found stale, missing or left over', () => {
    expect(docsSpecs('--out', folder)).toMatchObject({ status: 0 })
    appendFileSync(path.join(folder, 'nibrs-master-2013.md'), '| 999 |\n')
    rmSync(path.join(folder, 'codes/sex.md'))
    const index = readFileSync(path.join(folder, 'index.md'))
    appendFileSync(path.join(folder, 'codes/gone.md'), index)
    const { status, said } = docsSpecs('--check', '--out', folder)
    expect(status).toBe(1)
    expect(said).toContain('nibrs-master-2013.md is stale')
    expect(said).toContain('codes/sex.md is missing')
    expect(said).toContain('codes/gone.md has no spec any more')
    expect(docsSpecs('--out', folder)).toMatchObject({ status: 0 })
    expect(docsSpecs('--check', '--out', folder)).toMatchObject({ status: 0 })
  })

  it('shows a field as printed, with its code table and data element', () => {
    const page = readFileSync(path.join(root, 'docs/specs/nibrs-master-2013.md'), 'utf8')
    expect(page).toContain(
      '| 41-42 | 2 | `location_type` | code | [location_type](codes/location_type.md) | 9 | Location type |',
    )
    expect(page).toContain('| 59-70 | 12 | `drug_quantity_1` | decimal (3 decimals) |')
    expect(page).toContain('| 68-69 | 2 | `age`, `age_code` | number_or_code (1 to 98) |')
  })
})
