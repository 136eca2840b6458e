import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { generateTruth, writeMasterFile } from '@nibrs/decoder/testing'
import { makeZip } from '@ukpolice/client/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { crimewh } from './crimewh.js'
import { query } from './query.js'

let folder: string
let rows: Readonly<Record<string, number>>
const RECORDS = 6000

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'crimewh-nibrs-'))
  const manifest = await writeMasterFile(path.join(folder, 'nibrs-2022.zip'), {
    year: 2022,
    records: RECORDS,
    faults: { rate: 0.01 },
  })
  rows = manifest.rows
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = (...args: string[]) => crimewh(args, { cwd: folder })
const file = (name: string) => path.join(folder, name)

describe('load nibrs', () => {
  test('puts every row of a zip into its table, and says so on standard error', async () => {
    const { code, stdout, stderr } = await run(
      'load',
      'nibrs',
      'nibrs-2022.zip',
      '--to',
      'duckdb:a.duckdb',
    )
    expect(stderr).toMatch(/^nibrs data_year=2022 state=\*: load 1, [\d,]+ rows in [\d.]+ s\n/)
    expect(stderr).toMatch(/\d+ issues, in crimewh_issue: /)
    expect(stdout).toBe('')
    expect(code).toBe(0)
    for (const [segment, count] of Object.entries(rows)) {
      const [[found]] = (await query(
        file('a.duckdb'),
        `SELECT count(*) FROM stg_nibrs_${segment}`,
      )) as [[string]]
      expect(Number(found), segment).toBe(count)
    }
  })

  test('a second time is skipped, and --json tells it to programs', async () => {
    const { code, stdout, stderr } = await run(
      ...['load', 'nibrs', 'nibrs-2022.zip', '--to', 'duckdb:a.duckdb', '--json', '--quiet'],
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'skipped',
      slices: [{ slice: 'data_year=2022 state=*', status: 'skipped', loadId: 1 }],
    })
  })

  test('--force loads again in the place of the first load, and removing it brings that back', async () => {
    const to = ['--to', 'duckdb:a.duckdb']
    const sum =
      "SELECT count(*), md5(string_agg(row_hash::text, '' ORDER BY row_hash)) FROM stg_nibrs_victim"
    const before = await query(file('a.duckdb'), sum)
    const forced = await run(
      'load',
      'nibrs',
      'nibrs-2022.zip',
      ...to,
      '--force',
      '--manifests',
      'manifests',
    )
    expect(forced.stderr).toContain('takes the place of load 1: 0 rows added, 0 removed')
    const manifest = JSON.parse(readFileSync(file('manifests/load-2.json'), 'utf8')) as object
    expect(manifest).toMatchObject({ loadId: 2, supersedes: [1] })
    expect(await query(file('a.duckdb'), sum)).toEqual(before)
    const listed = await run('loads', 'list', ...to)
    expect(listed.stdout).toMatch(/^id +status/)
    expect(listed.stdout).toMatch(/\n +1 +superseded by 2 .*\n +2 +committed /)
    const removed = await run('loads', 'remove', '2', ...to, '--json')
    expect(JSON.parse(removed.stdout)).toMatchObject({ loadId: 2, restored: [1] })
    expect(removed.stderr).toContain('load 1 is current again')
    expect(await query(file('a.duckdb'), sum)).toEqual(before)
  })

  test('loads purge drops what was replaced', async () => {
    const to = ['--to', 'duckdb:a.duckdb']
    await run('load', 'nibrs', 'nibrs-2022.zip', ...to, '--force')
    const purged = await run('loads', 'purge', ...to)
    expect(purged.code).toBe(0)
    expect(purged.stderr).toMatch(/replaced rows of load 1 are dropped for good/)
    expect((await run('loads', 'purge', ...to)).stderr).toMatch(/^no load was replaced/)
  })

  test('says which file of a zip was read, and --entry loads another one', async () => {
    const [a, b] = [{ seed: 1 }, { seed: 2 }].map(({ seed }) =>
      generateTruth({ year: 2022, records: 300, seed }),
    )
    const files = [
      { name: 'a.txt', content: (await a!).bytes },
      { name: 'b.txt', content: (await b!).bytes },
    ]
    writeFileSync(file('two.zip'), makeZip(files))
    const two = ['load', 'nibrs', 'two.zip', '--to', 'duckdb:two.duckdb']
    for (const name of ['a.txt', 'b.txt']) {
      const { code, stderr } = await run(...two, '--entry', name)
      expect(stderr).toMatch(/state=\*: load \d, /)
      expect(stderr).toContain(`\n  two.zip holds 2 files and only ${name} was read; `)
      expect(code).toBe(0)
    }
  })

  test('--dry-run shows the statements and writes nothing', async () => {
    const { code, stderr } = await run(
      ...['load', 'nibrs', 'nibrs-2022.zip', '--to', 'duckdb:new.duckdb', '--dry-run'],
    )
    expect(code).toBe(0)
    expect(stderr).toMatch(/would be loaded, [\d,]+ rows\n[\s\S]*CREATE TABLE "stg_nibrs_victim"/)
    expect(readdirSync(folder).filter((name) => name.startsWith('new.duckdb'))).toEqual([])
  })

  test('over --max-issues nothing is committed, and the exit code is 3', async () => {
    const { code, stderr } = await run(
      ...['load', 'nibrs', 'nibrs-2022.zip', '--to', 'duckdb:b.duckdb', '--max-issues', '0.1%'],
    )
    expect(code).toBe(3)
    expect(stderr).toMatch(/^crimewh: .*issues/)
    const listed = await run('loads', 'list', '--to', 'duckdb:b.duckdb', '--json')
    expect(JSON.parse(listed.stdout)).toEqual({ loads: [] })
  })

  test('--state loads one state and counts the others', async () => {
    const states = await query(
      file('a.duckdb'),
      'SELECT state_code, count(*) FROM stg_nibrs_victim GROUP BY 1 ORDER BY 2 DESC',
    )
    const [code, count] = states[0] as [string, string]
    const loaded = await run(
      'load',
      'nibrs',
      'nibrs-2022.zip',
      '--to',
      'duckdb:c.duckdb',
      '--state',
      code,
    )
    expect(loaded.code).toBe(0)
    expect(loaded.stderr).toMatch(/data_year=2022 state=[A-Z]{2}: load 1/)
    expect(
      await query(
        file('c.duckdb'),
        'SELECT count(*), min(state_code), max(state_code) FROM stg_nibrs_victim',
      ),
    ).toEqual([[count, code, code]])
  })

  test('Ctrl-C rolls back, exits 130 and leaves nothing that the next run minds', async () => {
    await writeMasterFile(file('big-2021.txt'), { year: 2021, records: 400_000 })
    const load = ['load', 'nibrs', 'big-2021.txt', '--to', 'duckdb:d.duckdb']
    const { code, stderr } = await crimewh(load, {
      cwd: folder,
      onSpawn: (child) => {
        const timer = setInterval(() => {
          // Staging has begun once its folder is there.
          if (!existsSync(file('d.duckdb.stage')) && child.exitCode === null) return
          clearInterval(timer)
          child.kill('SIGINT')
        }, 5)
      },
    })
    expect({ code, stderr }).toEqual({
      code: 130,
      stderr:
        'crimewh: interrupted by SIGINT; what was committed stays, and the rest was rolled back\n',
    })
    const again = await run(...load, '--json', '-q')
    expect(JSON.parse(again.stdout)).toMatchObject({ status: 'loaded' })
    const [[count]] = (await query(file('d.duckdb'), 'SELECT count(*) FROM crimewh_load')) as [
      [string],
    ]
    expect(Number(count)).toBe(1)
    expect(existsSync(file('d.duckdb.stage'))).toBe(false)
  })
})

describe('what goes wrong is one sentence', () => {
  const cases: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    [
      'no such file',
      ['load', 'nibrs', 'nope.zip', '--to', 'duckdb:x.duckdb'],
      1,
      /^crimewh: there is no file nope\.zip/,
    ],
    [
      'no destination',
      ['load', 'nibrs', 'nibrs-2022.zip'],
      2,
      /^crimewh: no destination given; add --to/,
    ],
    [
      'a misspelt option',
      ['load', 'nibrs', 'a.zip', '--dispositon', 'append'],
      2,
      /did you mean --disposition\?/,
    ],
    [
      'an option of another command',
      ['loads', 'list', '--force', '--to', 'duckdb:x'],
      2,
      /"loads list" does not take --force; it is for load nibrs/,
    ],
    [
      'a misspelt command',
      ['load', 'nirbs', 'a.zip'],
      2,
      /there is no command "load nirbs"; use load nibrs/,
    ],
    ['half a command', ['loads'], 2, /"loads" needs a second word/],
    ['no command', [], 2, /^crimewh: say what to do: load nibrs, /],
    ['no file', ['load', 'nibrs', '--to', 'duckdb:x.duckdb'], 2, /"load nibrs" needs a file/],
    [
      'a disposition there is not',
      ['load', 'nibrs', 'a.zip', '--to', 'duckdb:x', '--disposition', 'upsert'],
      2,
      /--disposition is "upsert", expected replace-slice/,
    ],
    [
      'a limit that is no number',
      ['load', 'nibrs', 'a.zip', '--to', 'duckdb:x', '--max-issues', 'few'],
      2,
      /--max-issues is "few", expected a count/,
    ],
    [
      'a destination there is not',
      ['loads', 'list', '--to', 'mysql://h/d'],
      2,
      /expected duckdb:<file> or postgres:/,
    ],
    ['an option without its value', ['loads', 'list', '--to'], 2, /--to needs a value/],
    [
      'an option given twice',
      ['loads', 'list', '--to', 'a', '--to', 'b'],
      2,
      /--to is given twice/,
    ],
    [
      'a load there is not',
      ['loads', 'remove', '99', '--to', 'duckdb:a.duckdb'],
      1,
      /there is no load 99/,
    ],
    [
      'an id that is none',
      ['loads', 'remove', 'last', '--to', 'duckdb:a.duckdb'],
      2,
      /"last" is not the id of a load/,
    ],
    [
      'a server that is not there',
      ['loads', 'list', '--to', 'postgres://u@127.0.0.1:1/d'],
      1,
      /^crimewh: /,
    ],
    [
      'a state there is not',
      ['load', 'nibrs', 'nibrs-2022.zip', '--to', 'duckdb:x.duckdb', '--state', 'ZZ'],
      2,
      /option "state" is ZZ/,
    ],
    [
      'a password file for a DuckDB file',
      ['loads', 'list', '--to', 'duckdb:a.duckdb', '--password-file', 'secret.txt'],
      2,
      /^crimewh: a DuckDB file has no password; /,
    ],
    [
      'more tries than there may be',
      ['load', 'nibrs', 'a.zip', '--to', 'duckdb:x.duckdb', '--retries', '21'],
      2,
      /--retries is "21", expected a whole number from 0 to 20/,
    ],
    [
      'a month that is none',
      ['load', 'ukpolice', '--to', 'duckdb:x.duckdb', '--since', '2024-13'],
      2,
      /--since is "2024-13", expected a month/,
    ],
  ]
  test.each(cases)('%s', async (_name, args, expected, sentence) => {
    const { code, stdout, stderr } = await run(...args)
    expect(stderr).toMatch(sentence)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' })
  })

  test('a password on the command line is refused and not repeated', async () => {
    for (const url of ['postgres://u:hunter2@h/d', 'postgres://u@h/d?password=hunter2']) {
      const { code, stdout, stderr } = await run('loads', 'list', '--to', url, '--json', '--debug')
      expect(code).toBe(2)
      expect(stderr).toContain('PGPASSWORD')
      expect(stdout + stderr).not.toContain('hunter2')
    }
  })

  test('a URL with sslmode makes no line of its own, on either thread', async () => {
    for (const mode of ['require', 'prefer', 'verify-ca']) {
      const to = ['--to', `postgres://u@127.0.0.1:1/d?sslmode=${mode}&schema=s`, '--quiet']
      const listed = await run('loads', 'list', ...to)
      expect(listed.stderr).toMatch(/^crimewh: cannot connect to [^\n]*\n$/)
    }
    const to = ['--to', 'postgres://u@127.0.0.1:1/d?sslmode=require', '--quiet']
    const loaded = await run('load', 'nibrs', 'nibrs-2022.zip', ...to, '--retries', '0')
    expect(loaded.stderr).toMatch(/^crimewh: cannot connect to [^\n]*\n$/)
  })

  test('--retries says how often a load is tried again', async () => {
    const to = ['--to', 'postgres://u@127.0.0.1:1/d', '--retries', '1']
    const { code, stderr } = await run('load', 'nibrs', 'nibrs-2022.zip', ...to)
    expect(code).toBe(1)
    expect(stderr.match(/: try \d+ in /g)).toHaveLength(1)
  })

  test('--json has the mistake in a command, too', async () => {
    for (const args of [
      ['load', 'nibrs', '--json'],
      ['load', 'nibrs', 'a.zip', '--json'],
      ['--json', '--nonsense'],
    ]) {
      const { code, stdout, stderr } = await run(...args)
      expect(code).toBe(2)
      const { error } = JSON.parse(stdout) as { error: { code: string; message: string } }
      expect(error.code).toBe('USAGE')
      expect(stderr).toContain(error.message)
    }
    expect((await run('--nonsense', '--', '--json')).stdout).toBe('')
  })

  test('--json has the error with its code', async () => {
    const { stdout } = await run('load', 'nibrs', 'nope.zip', '--to', 'duckdb:x.duckdb', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'INPUT_NOT_FOUND' } })
  })
})

describe('schema print', () => {
  test.each(['duckdb', 'postgres'])(
    'of %s has every table, without a database',
    async (dialect) => {
      const { code, stdout } = await run('schema', 'print', '--dialect', dialect)
      expect(code).toBe(0)
      for (const table of [
        'crimewh_load',
        'stg_nibrs_victim',
        'stg_ukpolice_crime',
        'stg_ukpolice_area_stop',
        'stg_ukpolice_archive_outcome',
      ]) {
        expect(stdout).toContain(`CREATE TABLE "${table}"`)
      }
    },
  )

  test('as JSON says of each column where its values come from', async () => {
    const spec = ['--source', 'nibrs', '--spec', 'nibrs/master@2013']
    const print = ['schema', 'print', '--dialect', 'duckdb', '--json']
    const { stdout } = await run(...print, ...spec)
    const { columns } = JSON.parse(stdout) as { columns: readonly { table: string }[] }
    expect(columns).toContainEqual({
      table: 'stg_nibrs_offense',
      column: 'offense_code',
      description: 'Offense code',
      provenance: 'nibrs/master@2013 offense.offense_code (34-36), data element 6',
    })
    expect(new Set(columns.map(({ table }) => table)).size).toBeGreaterThan(10)
    const police = await run(...print, '--source', 'ukpolice')
    expect(JSON.parse(police.stdout)).toMatchObject({
      columns: expect.arrayContaining([
        expect.objectContaining({
          table: 'stg_ukpolice_crime',
          column: 'outcome_status_date',
          provenance: 'crimes-street, crimes-no-location outcome_status.date',
        }),
      ]) as unknown,
    })
  })

  test('of DuckDB runs, and makes the tables that a load would make', async () => {
    const { stdout } = await run('schema', 'print', '--dialect', 'duckdb', '--source', 'nibrs')
    const { DuckDBInstance } = await import('@duckdb/node-api')
    const instance = await DuckDBInstance.create(file('schema.duckdb'))
    const connection = await instance.connect()
    await connection.run(stdout)
    connection.closeSync()
    instance.closeSync()
    const columns = `SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
      WHERE table_name LIKE 'stg_nibrs%' ORDER BY 1, ordinal_position`
    expect(await query(file('schema.duckdb'), columns)).toEqual(
      await query(file('a.duckdb'), columns),
    )
  })
})

test('--help and --version', async () => {
  const help = await run('--help')
  expect(help).toMatchObject({ code: 0, stderr: '' })
  expect(help.stdout).toMatch(/^Usage: crimewh /)
  for (const line of help.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { version: string }
  expect(await run('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})
