import { describe, expect, it } from 'vitest'
import { readCompiledSpec, writeCompiledSpec } from '../../src/spec/compiled-json.js'
import { listSpecs, loadSpec } from '../../src/spec/load.js'

describe('a compiled spec as JSON', () => {
  it('is the same spec again, for every bundled one', async () => {
    for (const { id } of await listSpecs()) {
      const spec = await loadSpec(id)
      expect(readCompiledSpec(writeCompiledSpec(spec))).toEqual(spec)
    }
  })

  it('shares code tables, as the compiler does', async () => {
    const spec = readCompiledSpec(writeCompiledSpec(await loadSpec('nibrs/master@2013')))
    const [offense, victim] = ['offense', 'victim'].map((name) =>
      spec.tables.find((table) => table.name === name)!,
    )
    const codesOf = (table: typeof offense, column: string): unknown =>
      table!.columns.find(({ name }) => name === column)!.codes
    expect(codesOf(offense, 'offense_code')).toBe(codesOf(victim, 'victim_offense_code_1'))
  })
})
