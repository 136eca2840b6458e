import { seededRandom } from '@ukpolice/client/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Disposition,
  listLoads,
  load,
  purgeLoads,
  removeLoad,
  type Slice,
} from '../src/index.js'
import { memoryRows, memorySource, memoryTable } from './support/memory-source.js'
import {
  duckdbKind,
  postgresKind,
  type SqlRow,
  type Warehouse,
  type WarehouseKind,
} from './support/warehouse.js'

/** Sequences of loads; more with CRIMEWH_UNDO_ROUNDS. */
const ROUNDS = Number(process.env['CRIMEWH_UNDO_ROUNDS'] ?? 6)
const SEED = Number(process.env['CRIMEWH_UNDO_SEED'] ?? Date.now() % 1_000_000_000)
/** Calls of a sequence, before all that is left is removed. */
const CALLS = 14

const KEYED = memoryTable(
  'keyed',
  { id: { kind: 'integer', bits: 32 }, name: { kind: 'text' } },
  { key: ['id'] },
)

type Row = readonly [id: number | null, name: string]

/** A load as the model remembers it. */
interface ModelLoad {
  readonly id: number
  readonly disposition: Disposition
  readonly year: number
  /** Null: the whole year. */
  readonly state: string | null
  readonly rows: readonly Row[]
  isPurged: boolean
  /** The load that had the place of its rows when they were purged. */
  purgedBy: number | null
}

/** Where a row is: null is seen, a number is the load that has its place. */
interface Standing {
  /** By name, which is the row's own. */
  readonly rows: ReadonlyMap<string, number | null>
  /** Loads that are not current, with those that took their place. */
  readonly replaced: ReadonlyMap<number, number>
  /** Loads that would have been refused. */
  readonly refused: readonly number[]
}

/** A warehouse in memory: what is there follows from the loads alone, one after another. */
class Model {
  readonly loads: ModelLoad[] = []
  /** Purged rows by name, each with the load that had its place; null once its loss was forced. */
  readonly #gone = new Map<string, number | null>()

  standing(loads: readonly ModelLoad[] = this.loads): Standing {
    const rows = new Map<string, number | null>()
    const replaced = new Map<number, number>()
    const refused: number[] = []
    const current: ModelLoad[] = []
    for (const next of loads) {
      if (next.isPurged) continue
      if (next.disposition === 'replace-slice' && current.some((other) => isAround(other, next))) {
        refused.push(next.id)
      }
      const ids = new Set(next.rows.map(([id]) => id))
      for (const other of [...current]) {
        const isReplaced =
          next.disposition === 'replace' ||
          (next.disposition === 'replace-slice' && isWithin(other, next))
        for (const [id, name] of other.rows) {
          if (rows.get(name) !== null) continue
          const isMerged = next.disposition === 'merge' && id !== null && ids.has(id)
          if (isReplaced || isMerged) rows.set(name, next.id)
        }
        if (!isReplaced) continue
        replaced.set(other.id, next.id)
        current.splice(current.indexOf(other), 1)
      }
      for (const [, name] of next.rows) rows.set(name, null)
      current.push(next)
    }
    for (const name of this.#gone.keys()) rows.delete(name)
    return { rows, replaced, refused }
  }

  purge(): void {
    const { rows, replaced } = this.standing()
    for (const [name, by] of rows) if (by !== null) this.#gone.set(name, by)
    for (const each of this.loads) {
      const by = replaced.get(each.id)
      if (by === undefined) continue
      each.isPurged = true
      each.purgedBy = by
    }
  }

  /** Whether rows would have to come back that cannot. */
  stoodInFor(id: number): boolean {
    if (this.#purgedFor(id).some(({ heir }) => heir === null)) return true
    const isCurrent =
      !this.standing().replaced.has(id) &&
      this.loads.some((each) => each.id === id && !each.isPurged)
    return isCurrent && this.loads.some(({ purgedBy }) => purgedBy === id)
  }

  /** Purged rows of loads that are left, with who replaces these loads once `id` had never been. */
  #purgedFor(id: number): readonly { readonly name: string; readonly heir: number | null }[] {
    const { replaced } = this.standing(this.loads.filter((each) => each.id !== id))
    return [...this.#gone].flatMap(([name, by]) => {
      const owner = this.loads.find(({ rows }) => rows.some((row) => row[1] === name))
      if (by !== id || owner === undefined || owner.isPurged) return []
      return { name, heir: replaced.get(owner.id) ?? null }
    })
  }

  /** What has to go before a load can, and why; empty where nothing has. */
  inTheWayOf(id: number): readonly number[] {
    const without = this.loads.filter((each) => each.id !== id)
    const refusedAlready = new Set(this.standing().refused)
    const then = this.standing(without)
    const refused = then.refused.filter((other) => !refusedAlready.has(other))
    if (refused.length > 0) return refused
    const later = new Set<number>()
    for (const [name, by] of this.standing().rows) {
      if (by !== id) continue
      const owner = this.loads.find(({ rows }) => rows.some((row) => row[1] === name))!
      const end = then.replaced.get(owner.id) ?? Infinity
      for (const other of without) {
        const isLater = other.id > id && other.id < end && !other.isPurged
        if (isLater && other.disposition === 'merge') later.add(other.id)
      }
    }
    return [...later]
  }

  remove(id: number): void {
    const removed = this.loads.find((each) => each.id === id)!
    const heir = removed.purgedBy ?? this.standing().replaced.get(id) ?? null
    for (const each of this.loads) if (each.purgedBy === id) each.purgedBy = heir
    for (const row of this.#purgedFor(id)) this.#gone.set(row.name, row.heir)
    this.loads.splice(
      this.loads.findIndex((each) => each.id === id),
      1,
    )
  }
}

function isWithin(inner: ModelLoad, outer: ModelLoad): boolean {
  return inner.year === outer.year && (outer.state === null || outer.state === inner.state)
}

function isAround(outer: ModelLoad, inner: ModelLoad): boolean {
  return outer.year === inner.year && outer.state === null && inner.state !== null
}

suite(duckdbKind())
suite(postgresKind())

function suite(kind: WarehouseKind): void {
  describe(`undo in ${kind.name}`, () => {
    let isThere = false
    beforeAll(async () => {
      console.log(`undo (${kind.name}): CRIMEWH_UNDO_SEED=${SEED} repeats these ${ROUNDS} rounds`)
      isThere = await kind.start()
    })
    afterAll(() => kind.stop())

    it.for(Array.from({ length: ROUNDS }, (_, round) => round))(
      'of any load leaves the warehouse in which that load never was, round %i',
      async (round, { skip }) => {
        if (!isThere) skip()
        const random = seededRandom(SEED + round)
        await play(await kind.make(), random)
      },
    )

    it('keeps rows away that a later load of their slice replaced, though a merge had put them aside', async ({
      skip,
    }) => {
      if (!isThere) skip()
      const warehouse = await kind.make()
      await put(warehouse, 'replace-slice', 'a', [1, 'a1'], [2, 'a2'])
      const merged = await put(warehouse, 'merge', 'b', [2, 'b2'], [3, 'b3'])
      await put(warehouse, 'replace-slice', 'a', [1, 'a3'])
      await removeLoad(warehouse.destination, merged)
      expect(await names(warehouse)).toEqual(['a3'])
    })

    it('is refused where what would come back was purged, unless it is forced', async ({
      skip,
    }) => {
      if (!isThere) skip()
      const warehouse = await kind.make()
      const { destination } = warehouse
      const first = await put(warehouse, 'replace-slice', 'a', [1, 'a1'])
      const second = await put(warehouse, 'replace-slice', 'a', [1, 'a2'])
      const other = await put(warehouse, 'replace-slice', 'b', [1, 'b1'])
      await purgeLoads(destination)
      const refused = removeLoad(destination, second)
      await expect(refused).rejects.toMatchObject({ code: 'REMOVE_CONFLICT', loadId: second })
      await expect(refused).rejects.toThrow(`place of load ${first}, which was purged`)
      expect(await names(warehouse)).toEqual(['a2', 'b1'])
      await removeLoad(destination, other)
      await removeLoad(destination, second, { force: true })
      expect(await names(warehouse)).toEqual([])
    })

    it('of a merge is refused where rows it put aside were purged, unless it is forced', async ({
      skip,
    }) => {
      if (!isThere) skip()
      const warehouse = await kind.make()
      const { destination } = warehouse
      const first = await put(warehouse, 'replace-slice', 'a', [1, 'a1'], [2, 'a2'])
      const second = await put(warehouse, 'replace-slice', 'b', [3, 'b3'])
      const merged = await put(warehouse, 'merge', 'c', [1, 'c1'], [2, 'c2'], [3, 'c3'])
      const harmless = await put(warehouse, 'merge', 'd', [4, 'd4'])
      expect(await purgedRows(warehouse, merged)).toBeUndefined()
      expect(await purgeLoads(destination)).toEqual({ loadIds: [], rows: 3, mergedRows: 3 })
      const noted = [
        { loadId: first, rows: 2 },
        { loadId: second, rows: 1 },
      ]
      expect(await purgedRows(warehouse, merged)).toEqual(noted)
      await purgeLoads(destination)
      expect(await purgedRows(warehouse, merged)).toEqual(noted)
      expect(await purgedRows(warehouse, harmless)).toBeUndefined()
      const refused = removeLoad(destination, merged)
      await expect(refused).rejects.toMatchObject({ code: 'REMOVE_CONFLICT', loadId: merged })
      await expect(refused).rejects.toThrow(
        `load ${merged} put 3 rows of loads ${first}, ${second} aside, which were purged`,
      )
      expect(await names(warehouse)).toEqual(['c1', 'c2', 'c3', 'd4'])
      await removeLoad(destination, harmless)
      const removed = await removeLoad(destination, merged, { force: true })
      expect(removed).toMatchObject({ removedRows: 3, restoredRows: 0 })
      expect(await names(warehouse)).toEqual([])
    })

    it('of a merge counts no purged rows of a load that is gone itself', async ({ skip }) => {
      if (!isThere) skip()
      const warehouse = await kind.make()
      const { destination } = warehouse
      const first = await put(warehouse, 'replace-slice', 'a', [1, 'a1'])
      const second = await put(warehouse, 'replace-slice', 'b', [2, 'b2'])
      const merged = await put(warehouse, 'merge', 'c', [1, 'c1'], [2, 'c2'])
      await purgeLoads(destination)
      await removeLoad(destination, first)
      const refused = removeLoad(destination, merged)
      await expect(refused).rejects.toThrow(`put 1 row of load ${second} aside, which was purged`)
      await removeLoad(destination, second)
      await removeLoad(destination, merged)
      expect(await names(warehouse)).toEqual([])
    })

    it('leaves the count of purged rows to the load that replaced theirs', async ({ skip }) => {
      if (!isThere) skip()
      const warehouse = await kind.make()
      const { destination } = warehouse
      const first = await put(warehouse, 'replace-slice', 'a', [1, 'a1'], [2, 'a2'], [3, 'a3'])
      const merges = [
        await put(warehouse, 'merge', 'b', [1, 'b1']),
        await put(warehouse, 'merge', 'c', [2, 'c2']),
      ]
      await purgeLoads(destination)
      const heir = await put(warehouse, 'replace-slice', 'a', [1, 'a4'])
      for (const merged of merges) await removeLoad(destination, merged)
      expect(await names(warehouse)).toEqual(['a4'])
      expect(await purgedRows(warehouse, heir)).toEqual([{ loadId: first, rows: 2 }])
      const refused = removeLoad(destination, heir)
      await expect(refused).rejects.toThrow(`2 rows of load ${first} aside, which were purged`)
      const removed = await removeLoad(destination, heir, { force: true })
      expect(removed).toMatchObject({ restored: [first], restoredRows: 1 })
      expect(await names(warehouse)).toEqual(['a3'])
    })

    it.for([
      ['before the purge', true],
      ['after it', false],
    ] as const)(
      'of a merge that was replaced %s is refused as well',
      async ([, isBefore], { skip }) => {
        if (!isThere) skip()
        const warehouse = await kind.make()
        const { destination } = warehouse
        await put(warehouse, 'replace-slice', 'a', [1, 'a1'], [2, 'a2'])
        const merged = await put(warehouse, 'merge', 'b', [2, 'b2'])
        if (!isBefore) await purgeLoads(destination)
        await put(warehouse, 'replace-slice', 'b', [3, 'b3'])
        if (isBefore) await purgeLoads(destination)
        await expect(removeLoad(destination, merged)).rejects.toThrow('put 1 row of load 1 aside')
        expect(await names(warehouse)).toEqual(['a1', 'b3'])
        await removeLoad(destination, merged, { force: true })
        expect(await names(warehouse)).toEqual(['a1', 'b3'])
      },
    )

    it('of two merges of the same rows is refused for each after a purge', async ({ skip }) => {
      if (!isThere) skip()
      const warehouse = await kind.make()
      const { destination } = warehouse
      const first = await put(warehouse, 'replace-slice', 'a', [1, 'a1'])
      const second = await put(warehouse, 'merge', 'b', [1, 'b1'])
      const third = await put(warehouse, 'merge', 'c', [1, 'c1'])
      await purgeLoads(destination)
      for (const [merged, owner] of [
        [third, second],
        [second, first],
      ] as const) {
        const refused = removeLoad(destination, merged)
        await expect(refused).rejects.toThrow(`put 1 row of load ${owner} aside`)
        await removeLoad(destination, merged, { force: true })
      }
      expect(await names(warehouse)).toEqual([])
    })

    it('names the merges that have to be removed first', async ({ skip }) => {
      if (!isThere) skip()
      const warehouse = await kind.make()
      await put(warehouse, 'replace-slice', 'a', [1, 'a1'], [2, 'a2'])
      const first = await put(warehouse, 'merge', 'b', [2, 'b2'])
      const second = await put(warehouse, 'merge', 'c', [2, 'c2'])
      const before = await names(warehouse)
      const refused = removeLoad(warehouse.destination, first)
      await expect(refused).rejects.toMatchObject({ code: 'REMOVE_CONFLICT', loadId: first })
      await expect(refused).rejects.toThrow(`remove load ${second} first`)
      expect(await names(warehouse)).toEqual(before)
      await removeLoad(warehouse.destination, second)
      await removeLoad(warehouse.destination, first)
      expect(await names(warehouse)).toEqual(['a1', 'a2'])
    })
  })
}

async function put(
  { destination }: Warehouse,
  disposition: Disposition,
  part: string,
  ...rows: Row[]
): Promise<number> {
  const { slices } = await load({
    source: memorySource([{ schema: KEYED, rows: memoryRows(...rows) }], {
      slice: [{ name: 'part', type: 'text', value: part }],
    }),
    destination,
    disposition,
  })
  return slices[0]!.loadId!
}

async function purgedRows({ destination }: Warehouse, id: number) {
  const record = (await listLoads(destination)).find(({ loadId }) => loadId === id)
  return record!.manifest.purgedRows
}

async function names(warehouse: Warehouse): Promise<readonly unknown[]> {
  return (await warehouse.query('SELECT name FROM stg_keyed ORDER BY name')).map(
    (row) => row['name'],
  )
}

/** Loads, removes and purges at random, and looks after each of them. */
async function play(warehouse: Warehouse, random: () => number): Promise<void> {
  const { destination } = warehouse
  const model = new Model()
  const done: string[] = []
  const whole = (below: number) => Math.floor(random() * below)
  let named = 0

  const loadOne = async () => {
    const dispositions = ['append', 'replace', 'merge', 'replace-slice', 'replace-slice'] as const
    const disposition = dispositions[whole(dispositions.length)]!
    const next = {
      disposition,
      year: 2021 + whole(2),
      state: [null, 'NH', 'VT'][whole(3)]!,
      rows: rowsOf(whole(4), disposition === 'merge'),
      isPurged: false,
      purgedBy: null,
    }
    const slice: Slice = [
      { name: 'data_year', type: 'integer', value: next.year },
      { name: 'state', type: 'text', value: next.state },
    ]
    done.push(`${disposition} ${next.year} ${next.state} ${JSON.stringify(next.rows)}`)
    const source = memorySource([{ schema: KEYED, rows: memoryRows(...next.rows) }], { slice })
    const loading = load({ source, destination, disposition, force: true })
    const { refused } = model.standing([...model.loads, { ...next, id: Infinity }])
    if (refused.includes(Infinity)) {
      await expect(loading, done.join('\n')).rejects.toMatchObject({ code: 'SLICE_COVERED' })
      return
    }
    const { slices } = await loading
    model.loads.push({ ...next, id: slices[0]!.loadId! })
  }
  /** A key is null at times, and in a merge never twice. */
  const rowsOf = (count: number, isUnique: boolean): readonly Row[] => {
    const used = new Set<number>()
    return Array.from({ length: count }, () => {
      const id = whole(5)
      const isNull = id === 4 || (isUnique && used.has(id))
      used.add(id)
      return [isNull ? null : id, `row ${++named}`] as const
    })
  }
  const removeOne = async (id: number) => {
    done.push(`remove ${id}`)
    const force = model.stoodInFor(id)
    if (force) {
      const refused = removeLoad(destination, id)
      await expect(refused, done.join('\n')).rejects.toMatchObject({ code: 'REMOVE_CONFLICT' })
      await expect(refused).rejects.toThrow('purged and cannot come back')
      await look()
    }
    const inTheWay = model.inTheWayOf(id)
    if (inTheWay.length === 0) {
      await removeLoad(destination, id, { force })
      model.remove(id)
      return
    }
    const error: unknown = await removeLoad(destination, id, { force }).catch(
      (caught: unknown) => caught,
    )
    expect(error, done.join('\n')).toMatchObject({ code: 'REMOVE_CONFLICT', loadId: id })
    const told = [
      .../remove loads? ([\d, ]+) first/.exec((error as Error).message)![1]!.split(', '),
    ]
    for (const other of told) expect(inTheWay, done.join('\n')).toContain(Number(other))
  }
  const look = async () => {
    const { rows, replaced } = model.standing()
    const found = await whereRowsAre(warehouse)
    expect(found, done.join('\n')).toEqual(new Map([...rows].sort()))
    const statuses = (await listLoads(destination)).map(({ loadId, status, supersededBy }) =>
      status === 'purged' ? [loadId, status] : [loadId, status, supersededBy],
    )
    const expected = model.loads.map(({ id, isPurged }) => {
      if (isPurged) return [id, 'purged']
      const by = replaced.get(id) ?? null
      return [id, by === null ? 'committed' : 'superseded', by]
    })
    expect(statuses, done.join('\n')).toEqual(expected)
  }

  for (let call = 0; call < CALLS; call++) {
    const draw = random()
    if (draw < 0.6 || model.loads.length === 0) await loadOne()
    else if (draw < 0.9) await removeOne(model.loads[whole(model.loads.length)]!.id)
    else {
      done.push('purge')
      await purgeLoads(destination)
      model.purge()
    }
    await look()
  }
  // The newest can always be removed, back to nothing.
  while (model.loads.length > 0) {
    const { id } = model.loads.at(-1)!
    expect(model.inTheWayOf(id)).toEqual([])
    await removeOne(id)
    await look()
  }
}

/** Every row by name: null where it is seen, or the load that has its place. */
async function whereRowsAre(warehouse: Warehouse): Promise<ReadonlyMap<string, number | null>> {
  return warehouse.session(async (query) => {
    const tables = await query(
      `SELECT table_name FROM information_schema.tables WHERE table_name = 'stg_keyed'
          AND table_schema IN ('main', current_schema())`,
    )
    if (tables.length === 0) return new Map()
    const rows: readonly SqlRow[] = await query(
      `SELECT name, NULL AS superseded_by FROM stg_keyed
       UNION ALL SELECT name, superseded_by FROM stg_keyed_superseded`,
    )
    const standing = rows.map(
      (row) =>
        [
          String(row['name']),
          row['superseded_by'] === null ? null : Number(row['superseded_by']),
        ] as const,
    )
    expect(new Set(standing.map(([name]) => name)).size).toBe(standing.length)
    return new Map(standing.sort())
  })
}
