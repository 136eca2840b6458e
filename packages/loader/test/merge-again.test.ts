import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Disposition, load, purgeLoads, removeLoad, type SliceResult } from '../src/index.js'
import { memoryRows, memorySource, memoryTable } from './support/memory-source.js'
import {
  duckdbKind,
  postgresKind,
  type Warehouse,
  type WarehouseKind,
} from './support/warehouse.js'

const KEYED = memoryTable(
  'keyed',
  { id: { kind: 'integer', bits: 32 }, name: { kind: 'text' } },
  { key: ['id'] },
)

suite(duckdbKind())
suite(postgresKind())

function suite(kind: WarehouseKind): void {
  describe(`a merge into ${kind.name} of content that is in`, () => {
    let isThere = false
    beforeAll(async () => {
      isThere = await kind.start()
    })
    afterAll(() => kind.stop())

    describe.each([
      ['known before', true],
      ['known once it is read', false],
    ])('and is %s,', (_, isKnown) => {
      it('is loaded again when a later merge put rows of it aside', async ({ skip }) => {
        if (!isThere) skip()
        const warehouse = await kind.make()
        const older = [[1, 'one'] as const, [2, 'two'] as const]
        await put(warehouse, isKnown, 'a', older)
        await put(warehouse, isKnown, 'b', [[2, 'zwei']])
        expect(await names(warehouse)).toEqual(['one', 'zwei'])
        const planned = await put(warehouse, isKnown, 'a', older, { dryRun: true })
        expect(planned.status).toBe('planned')
        const again = await put(warehouse, isKnown, 'a', older)
        expect(again).toMatchObject({ status: 'loaded', manifest: { tables: [{ replaced: 2 }] } })
        expect(await names(warehouse)).toEqual(['one', 'two'])
        const skipped = { status: 'skipped', loadId: again.loadId }
        expect(await put(warehouse, isKnown, 'a', older)).toMatchObject(skipped)
        const plannedThen = await put(warehouse, isKnown, 'a', older, { dryRun: true })
        if (isKnown) expect(plannedThen).toMatchObject(skipped)
        else expect(plannedThen.plan!.inAlready).toBe(again.loadId)
        expect(await put(warehouse, isKnown, 'b', [[2, 'zwei']])).toMatchObject({
          status: 'loaded',
        })
        expect(await names(warehouse)).toEqual(['one', 'zwei'])
      })

      it('is loaded again when another load has rows of its keys', async ({ skip }) => {
        if (!isThere) skip()
        const warehouse = await kind.make()
        await put(warehouse, isKnown, 'a', [[1, 'one']])
        await put(warehouse, isKnown, 'b', [[1, 'uno']], { disposition: 'append' })
        expect(await names(warehouse)).toEqual(['one', 'uno'])
        expect((await put(warehouse, isKnown, 'a', [[1, 'one']])).status).toBe('loaded')
        expect(await names(warehouse)).toEqual(['one'])
      })

      it('is loaded again when a purge dropped its rows', async ({ skip }) => {
        if (!isThere) skip()
        const warehouse = await kind.make()
        await put(warehouse, isKnown, 'a', [[1, 'one']])
        const later = await put(warehouse, isKnown, 'b', [[1, 'uno']])
        await purgeLoads(warehouse.destination)
        await removeLoad(warehouse.destination, later.loadId!, { force: true })
        expect(await names(warehouse)).toEqual([])
        expect((await put(warehouse, isKnown, 'a', [[1, 'one']])).status).toBe('loaded')
        expect(await names(warehouse)).toEqual(['one'])
      })

      it('is skipped when later merges have other keys', async ({ skip }) => {
        if (!isThere) skip()
        const warehouse = await kind.make()
        const one = [[1, 'one'] as const, [null, 'none'] as const]
        const two = [[2, 'two'] as const, [null, 'none'] as const]
        const run = async () => [
          (await put(warehouse, isKnown, 'a', one)).status,
          (await put(warehouse, isKnown, 'b', two)).status,
        ]
        expect(await run()).toEqual(['loaded', 'loaded'])
        expect(await run()).toEqual(['skipped', 'skipped'])
        expect(await names(warehouse)).toEqual(['none', 'none', 'one', 'two'])
      })
    })
  })
}

async function put(
  { destination }: Warehouse,
  isKnown: boolean,
  part: string,
  rows: readonly (readonly [number | null, string])[],
  more: { readonly dryRun?: boolean; readonly disposition?: Disposition } = {},
): Promise<SliceResult> {
  const fingerprint = isKnown ? { sha256: JSON.stringify(rows), byteCount: 1 } : null
  const source = memorySource([{ schema: KEYED, rows: memoryRows(...rows) }], {
    slice: [{ name: 'part', type: 'text', value: part }],
    fingerprint,
  })
  const { slices } = await load({ source, destination, disposition: 'merge', ...more })
  return slices[0]!
}

async function names(warehouse: Warehouse): Promise<readonly unknown[]> {
  const rows = await warehouse.query('SELECT name FROM stg_keyed ORDER BY name')
  return rows.map((row) => row['name'])
}
