import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateTruth } from '@nibrs/decoder/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listLoads, load } from '../../src/index.js'
import { nibrsFile } from '../../src/sources/index.js'
import { crimewh, type Run } from '../cli/crimewh.js'
import {
  duckdbKind,
  postgresKind,
  rowHashes,
  type Warehouse,
  type WarehouseKind,
} from '../support/warehouse.js'

const HELD_LOAD = fileURLToPath(new URL('../support/held-load.mjs', import.meta.url))
const folder = mkdtempSync(path.join(tmpdir(), 'cwtwo-'))
const duckdb = duckdbKind()
const postgres = postgresKind()
const isThere = await postgres.start()

type Name = 'first' | 'restated' | 'other'
const files = {} as Record<Name, string>
/** Row hashes of each file, loaded alone. */
const alone = {} as Record<Name, Awaited<ReturnType<typeof rowHashes>>>

beforeAll(async () => {
  if (!existsSync(fileURLToPath(new URL('../../dist/index.js', import.meta.url)))) {
    throw new Error('packages/loader/dist is missing: run npm run build first')
  }
  const options = {
    first: { year: 2022, seed: 1 },
    restated: { year: 2022, seed: 2 },
    other: { year: 2021, seed: 3 },
  }
  for (const [name, { year, seed }] of Object.entries(options) as [
    Name,
    { year: number; seed: number },
  ][]) {
    files[name] = path.join(folder, `${name}.txt`)
    writeFileSync(files[name], (await generateTruth({ year, seed, records: 300 })).bytes)
    const warehouse = await duckdb.make()
    await load({ source: nibrsFile(files[name]), destination: warehouse.destination })
    alone[name] = await rowHashes(warehouse)
  }
})
afterAll(async () => {
  await duckdb.stop()
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A load by another process that has its lock, until it is told to go on. */
interface HeldLoad {
  readonly pid: number
  /** Lets it go on, and resolves to what became of the load. */
  release(): Promise<string>
  readonly child: ChildProcess
}

async function hold({ url }: Warehouse, name: Name): Promise<HeldLoad> {
  const child = spawn(process.execPath, [HELD_LOAD, url, files[name]], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let said = ''
  const ended = new Promise<string>((resolve) => child.once('close', () => resolve(said)))
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('staging\n')) resolve()
    })
    child.once('close', (code) => reject(new Error(`the held load ended with ${code}`)))
  })
  return {
    pid: child.pid!,
    child,
    release: async () => {
      child.stdin.write('go on\n')
      return (await ended).replace('staging\n', '').trim()
    },
  }
}

function run(
  { url }: Warehouse,
  name: Name,
  more: readonly string[] = [],
  onSaid?: (said: string) => void,
): Promise<Run> {
  return crimewh(['load', 'nibrs', files[name], '--to', url, '--json', ...more], {
    cwd: folder,
    onSpawn: (child) => {
      let said = ''
      child.stderr?.on('data', (chunk: Buffer) => onSaid?.((said += chunk.toString())))
    },
  })
}

function statusOf({ code, stdout, stderr }: Run): string {
  expect(code, stderr).toBe(0)
  return (JSON.parse(stdout) as { status: string }).status
}

/** Makes sure that the rows are those of the files named, each once. */
async function expectRows(warehouse: Warehouse, ...names: readonly Name[]): Promise<void> {
  const expected: Record<string, string[]> = {}
  for (const name of names) {
    for (const [table, hashes] of Object.entries(alone[name])) {
      expected[table] = [...(expected[table] ?? []), ...hashes].sort()
    }
  }
  expect(await rowHashes(warehouse)).toEqual(expected)
}

async function statuses({ destination }: Warehouse): Promise<readonly string[]> {
  return (await listLoads(destination)).map(({ status }) => status)
}

describe.each([
  { name: 'DuckDB', kind: duckdb, able: true },
  { name: 'PostgreSQL', kind: postgres, able: isThere },
] as const)('two processes that load into $name', ({ kind, able }) => {
  const isDuckdb = kind.name === 'duckdb'
  /** How the second is told of the first. */
  const holderOf = ({ pid }: HeldLoad) => (isDuckdb ? `PID ${pid}` : `crimewh ${pid}@`)

  async function withHeld(
    name: Name,
    work: (warehouse: Warehouse, held: HeldLoad) => Promise<void>,
    prepare: (kind: WarehouseKind) => Promise<Warehouse> = () => kind.make(),
  ): Promise<void> {
    const warehouse = await prepare(kind)
    const held = await hold(warehouse, name)
    try {
      await work(warehouse, held)
    } finally {
      held.child.kill('SIGKILL')
    }
  }

  it.skipIf(!able)('the same slice: the second fails and names the first', async () => {
    await withHeld('first', async (warehouse, held) => {
      const second = await run(warehouse, 'restated')
      expect(second.code).toBe(1)
      expect(second.stderr).toContain(holderOf(held))
      expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: 'DESTINATION_LOCKED' } })
      expect(await held.release()).toBe('loaded')
      await expectRows(warehouse, 'first')
      expect(await statuses(warehouse)).toEqual(['committed'])
    })
  })

  it.skipIf(!able).each([
    ['other content takes the place', 'restated', 'loaded', ['superseded', 'committed']],
    ['the same content is skipped', 'first', 'skipped', ['committed']],
  ] as const)('the same slice with --lock-wait: %s', async (_, name, status, left) => {
    await withHeld('first', async (warehouse, held) => {
      const released: Promise<string>[] = []
      const second = await run(warehouse, name, ['--lock-wait', '120'], (said) => {
        if (said.includes(holderOf(held)) && released.length === 0) released.push(held.release())
      })
      expect(second.stderr).toContain('waiting for ')
      expect(await Promise.all(released)).toEqual(['loaded'])
      expect(statusOf(second)).toBe(status)
      await expectRows(warehouse, name)
      expect(await statuses(warehouse)).toEqual(left)
    })
  })

  it.skipIf(!able)('other slices: both are in, with --lock-wait where it is needed', async () => {
    const prepare = async () => {
      const warehouse = await kind.make()
      await load({ source: nibrsFile(files.restated), destination: warehouse.destination })
      return warehouse
    }
    await withHeld(
      'first',
      async (warehouse, held) => {
        const second = await run(warehouse, 'other')
        if (isDuckdb) {
          expect(second.code).toBe(1)
          expect(second.stderr).toContain(holderOf(held))
          const released: Promise<string>[] = []
          const third = await run(warehouse, 'other', ['--lock-wait', '120'], (said) => {
            if (said.includes(holderOf(held)) && released.length === 0)
              released.push(held.release())
          })
          expect(await Promise.all(released)).toEqual(['loaded'])
          expect(statusOf(third)).toBe('loaded')
        } else {
          expect(statusOf(second)).toBe('loaded') // While the first is at work.
          await expectRows(warehouse, 'restated', 'other')
          expect(await held.release()).toBe('loaded')
        }
        await expectRows(warehouse, 'first', 'other')
      },
      prepare,
    )
  })

  it.skipIf(!able)('that begin together in an empty database end one after the other', async () => {
    const wait = ['--lock-wait', '120']
    const same = await kind.make()
    const equal = await Promise.all([run(same, 'first', wait), run(same, 'first', wait)])
    expect(equal.map(statusOf).sort()).toEqual(['loaded', 'skipped'])
    await expectRows(same, 'first')

    const apart = await kind.make()
    const different = await Promise.all([run(apart, 'first', wait), run(apart, 'other', wait)])
    expect(different.map(statusOf)).toEqual(['loaded', 'loaded'])
    await expectRows(apart, 'first', 'other')
  })
})

describe('two processes that load other slices into an empty PostgreSQL schema', () => {
  it.skipIf(!isThere)(
    'make its tables once: the second waits as long as it is asked to, and says for whom',
    async () => {
      const warehouse = await postgres.make()
      const held = await hold(warehouse, 'first')
      try {
        const released: Promise<string>[] = []
        const refused = await run(warehouse, 'other', [])
        expect(refused.code).toBe(1)
        expect(refused.stderr).toContain(`crimewh ${held.pid}@`)
        const second = await run(warehouse, 'other', ['--lock-wait', '120'], (said) => {
          if (said.includes(`crimewh ${held.pid}@`) && released.length === 0)
            released.push(held.release())
        })
        expect(statusOf(second)).toBe('loaded')
        expect(await Promise.all(released)).toEqual(['loaded'])
        await expectRows(warehouse, 'first', 'other')
      } finally {
        held.child.kill('SIGKILL')
      }
    },
  )
})
