import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { tableFromIPC } from 'apache-arrow'
import { describe, expect, test } from 'vitest'
import { zipBytes } from '../input/zip-bytes.js'
import { query } from './duckdb.js'
import { BIN, run, temporaryFolder, tree } from './run.js'
import { SAMPLE_ROWS, sampleLines, sampleText } from './sample.js'

/** A zip archive of these files. */
function zip(files: Readonly<Record<string, Uint8Array>>): Buffer {
  return Buffer.from(zipBytes(Object.entries(files).map(([name, data]) => ({ name, data }))))
}

const SEGMENTS = Object.keys(SAMPLE_ROWS)

/** A folder with `nibrs-2022.zip` in it, as the FBI packs a year: one text file in an archive. */
function folderWithZip(year = '2022'): string {
  const folder = temporaryFolder()
  const archive = zip({ [`${year}_NIBRS_NATIONAL_MASTER_FILE.txt`]: sampleText(year) })
  writeFileSync(path.join(folder, `nibrs-${year}.zip`), archive)
  return folder
}

function filesOf(folder: string, extension: string): string[] {
  return [...SEGMENTS.map((name) => `${folder}/${name}.${extension}`), `${folder}/manifest.json`]
}

describe('nibrs-decode nibrs-2022.zip', () => {
  test('writes one Parquet file per segment into a folder named after the input', async () => {
    const cwd = folderWithZip()
    const result = await run(['nibrs-2022.zip'], { cwd })
    expect(result).toMatchObject({ code: 0, stdout: Buffer.alloc(0) })
    expect(tree(cwd)).toEqual(
      ['nibrs-2022', ...filesOf('nibrs-2022', 'parquet'), 'nibrs-2022.zip'].sort(),
    )
    for (const segment of SEGMENTS) {
      const file = path.join(cwd, 'nibrs-2022', `${segment}.parquet`)
      const [row] = await query(`SELECT count(*)::INTEGER AS n FROM '${file}'`)
      expect([segment, row!['n']]).toEqual([segment, SAMPLE_ROWS[segment]])
    }
    const victim = path.join(cwd, 'nibrs-2022', 'victim.parquet')
    const [row] = await query(`SELECT age, sex, relationship_1, incident_date FROM '${victim}'`)
    expect(row).toEqual({ age: 34, sex: 'F', relationship_1: 'BG', incident_date: '2022-03-15' })
  })

  test('says on standard error which spec it chose and why, and sums up', async () => {
    const { stderr } = await run(['nibrs-2022.zip'], { cwd: folderWithZip() })
    expect(stderr).toContain(
      'nibrs-2022.zip: nibrs/master@2013, its batch headers (BH) say data year 2022\n',
    )
    expect(stderr).toMatch(/administrative +2 +\S*administrative\.parquet\n/)
    expect(stderr).toContain(
      '9 records = 9 rows + 0 joined header parts + 0 withheld + 0 not selected\n0 issues\n',
    )
    expect(stderr).not.toContain('\u001b')
  })

  test('writes where the tables came from into file metadata and manifest.json', async () => {
    const cwd = folderWithZip()
    await run(['nibrs-2022.zip', '-o', 'out'], { cwd })
    const archive = readFileSync(path.join(cwd, 'nibrs-2022.zip'))
    const sha256 = createHash('sha256').update(archive).digest('hex')
    const metadata = await query(
      `SELECT key::VARCHAR AS key, value::VARCHAR AS value
       FROM parquet_kv_metadata('${path.join(cwd, 'out', 'offense.parquet')}')`,
    )
    expect(Object.fromEntries(metadata.map((row) => [row['key'], row['value']]))).toMatchObject({
      'nibrs.spec': 'nibrs/master@2013',
      'nibrs.spec_revision': '1',
      'nibrs.package_version': expect.stringMatching(/^\d+\.\d+\.\d+/),
      'nibrs.source': 'nibrs-2022.zip',
      'nibrs.source_sha256': sha256,
      'nibrs.data_year': '2022',
    })
    const manifest = JSON.parse(readFileSync(path.join(cwd, 'out', 'manifest.json'), 'utf8'))
    expect(manifest).toMatchObject({
      source: {
        name: 'nibrs-2022.zip',
        entry: '2022_NIBRS_NATIONAL_MASTER_FILE.txt',
        kind: 'zip',
        sha256,
      },
      spec: { id: 'nibrs/master@2013', revision: 1 },
      format: 'parquet',
      stats: { records: 9, rows: SAMPLE_ROWS, withheld: 0, issues: {}, dataYear: 2022 },
    })
    for (const { file, bytes, rows, segment } of manifest.files) {
      expect(readFileSync(path.join(cwd, 'out', file)).length).toBe(bytes)
      expect(rows).toBe(SAMPLE_ROWS[segment])
    }
    expect(JSON.stringify(manifest)).not.toContain(cwd)
  })

  test('gives the same bytes when run again', async () => {
    const cwd = folderWithZip()
    await run(['nibrs-2022.zip', '-o', 'a'], { cwd })
    await run(['nibrs-2022.zip', '-o', 'b'], { cwd })
    for (const file of tree(path.join(cwd, 'a'))) {
      const [a, b] = ['a', 'b'].map((folder) => readFileSync(path.join(cwd, folder, file)))
      expect(Buffer.compare(a!, b!), file).toBe(0)
    }
  })
})

describe('inputs', () => {
  test('several get a folder each, below -o or beside each other', async () => {
    const cwd = folderWithZip('2022')
    writeFileSync(path.join(cwd, 'nibrs-2023.txt'), sampleText('2023'))
    writeFileSync(path.join(cwd, 'nibrs-2024.txt.gz'), gzipSync(sampleText('2024')))
    const inputs = ['nibrs-2022.zip', 'nibrs-2023.txt', 'nibrs-2024.txt.gz']
    expect(await run([...inputs, '-o', 'out'], { cwd })).toMatchObject({ code: 0 })
    expect(await run(inputs, { cwd })).toMatchObject({ code: 0 })
    for (const year of [2022, 2023, 2024]) {
      for (const folder of [`out/nibrs-${year}`, `nibrs-${year}`]) {
        const manifest = JSON.parse(readFileSync(path.join(cwd, folder, 'manifest.json'), 'utf8'))
        expect(manifest.stats.dataYear).toBe(year)
      }
    }
  })

  test('of the same name are refused before anything is written', async () => {
    const cwd = temporaryFolder()
    const result = await run(['a/x.zip', 'b/x.zip', '-o', 'out'], { cwd })
    expect(result.code).toBe(2)
    expect(result.stderr).toContain('a/x.zip and b/x.zip would both be written to out/x')
    expect(tree(cwd)).toEqual([])
  })

  test('without an ending in its name does not become its own folder', async () => {
    const cwd = temporaryFolder()
    writeFileSync(path.join(cwd, 'year'), sampleText())
    expect(await run(['year'], { cwd })).toMatchObject({ code: 0 })
    expect(existsSync(path.join(cwd, 'year-decoded', 'victim.parquet'))).toBe(true)
  })

  test('may come from standard input, plain, gzip or zip', async () => {
    for (const input of [sampleText(), gzipSync(sampleText()), zip({ 'a.txt': sampleText() })]) {
      const cwd = temporaryFolder()
      expect(await run(['-'], { cwd, input })).toMatchObject({ code: 0 })
      const manifest = JSON.parse(readFileSync(path.join(cwd, 'stdin', 'manifest.json'), 'utf8'))
      expect(manifest.stats.records).toBe(9)
      expect(manifest.source.sha256).toBe(createHash('sha256').update(input).digest('hex'))
    }
  })

  test('has small row groups when it is known to be small, whatever it is packed in', async () => {
    const cwd = temporaryFolder()
    const line = sampleLines().find((each) => each.startsWith('03'))!
    const input = Buffer.from(`${line}\n`.repeat(20_000))
    writeFileSync(path.join(cwd, 'text.txt'), input)
    writeFileSync(path.join(cwd, 'zipped.zip'), zip({ 'a.txt': input }))
    writeFileSync(path.join(cwd, 'gzipped.gz'), gzipSync(input))
    const spec = ['-s', 'nibrs/master@2013']
    expect(await run(['text.txt', 'zipped.zip', 'gzipped.gz', ...spec], { cwd })).toMatchObject({
      code: 0,
    })
    expect(await run(['-', ...spec], { cwd, input })).toMatchObject({ code: 0 })
    const groups = async (folder: string) => {
      const file = path.join(cwd, folder, 'property.parquet')
      const rows = await query(
        `SELECT DISTINCT row_group_id, row_group_num_rows::INTEGER AS n
         FROM parquet_metadata('${file}') ORDER BY 1`,
      )
      return rows.map(({ n }) => n)
    }
    expect(await groups('text')).toEqual([16_384, 3616])
    expect(await groups('zipped')).toEqual([16_384, 3616])
    expect(await groups('gzipped')).toEqual([16_384, 3616])
    expect(await groups('stdin')).toEqual([20_000]) // A stream may be of any size.
  })

  test('--entry chooses in a zip; the default is the largest file', async () => {
    const cwd = temporaryFolder()
    const small = Buffer.from(sampleLines('2023').slice(0, 2).join('\n'))
    writeFileSync(path.join(cwd, 'two.zip'), zip({ 'note.txt': small, 'year.txt': sampleText() }))
    await run(['two.zip', '-o', 'largest'], { cwd })
    await run(['two.zip', '-o', 'chosen', '--entry', 'note*'], { cwd })
    const records = (folder: string) =>
      JSON.parse(readFileSync(path.join(cwd, folder, 'manifest.json'), 'utf8')).stats.records
    expect([records('largest'), records('chosen')]).toEqual([9, 2])
    const none = await run(['two.zip', '-o', 'none', '--entry', '*.csv'], { cwd })
    expect(none.code).toBe(1)
    expect(none.stderr).toContain('"note.txt", "year.txt"')
    expect(existsSync(path.join(cwd, 'none'))).toBe(false)
  })

  test.each([
    ['missing', ['nowhere.zip'], 'there is no file nowhere.zip'],
    ['a folder', ['.'], 'is a folder'],
    ['empty', ['empty.txt'], 'is empty'],
    ['not a master file', ['text.txt'], 'Name the layout with --spec'],
    ['a broken zip', ['broken.zip'], 'broken.zip'],
  ])('%s: exit 1, one sentence, no output', async (_name, args, message) => {
    const cwd = temporaryFolder()
    writeFileSync(path.join(cwd, 'empty.txt'), '')
    writeFileSync(path.join(cwd, 'text.txt'), 'Lorem ipsum dolor sit amet\n')
    writeFileSync(path.join(cwd, 'broken.zip'), zip({ a: sampleText() }).subarray(0, 100))
    const before = tree(cwd)
    const result = await run(args, { cwd })
    expect(result.code).toBe(1)
    expect(result.stderr).toContain(message)
    expect(result.stderr).not.toMatch(/\n {4}at /)
    expect(tree(cwd)).toEqual(before)
  })
})

describe('--format', () => {
  test('csv is read back by DuckDB', async () => {
    const cwd = folderWithZip()
    expect(await run(['nibrs-2022.zip', '--format', 'csv'], { cwd })).toMatchObject({ code: 0 })
    const file = path.join(cwd, 'nibrs-2022', 'property.csv')
    const rows = await query(
      `SELECT property_value, incident_number FROM read_csv('${file}', all_varchar = true)`,
    )
    expect(rows).toEqual([{ property_value: '250', incident_number: '000000000002' }])
  })

  test('ndjson has one object a line', async () => {
    const cwd = folderWithZip()
    expect(await run(['nibrs-2022.zip', '--format=ndjson'], { cwd })).toMatchObject({ code: 0 })
    const text = readFileSync(path.join(cwd, 'nibrs-2022', 'administrative.ndjson'), 'utf8')
    const rows = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rows.map((row) => row.incident_hour)).toEqual([23, 0])
  })

  test('arrow is read back by apache-arrow', async () => {
    const cwd = folderWithZip()
    expect(await run(['nibrs-2022.zip', '--format', 'arrow'], { cwd })).toMatchObject({ code: 0 })
    const table = tableFromIPC(readFileSync(path.join(cwd, 'nibrs-2022', 'victim.arrow')))
    expect(table.numRows).toBe(1)
    expect(table.getChild('age')!.get(0)).toBe(34)
  })

  test('--labels puts a label beside every code', async () => {
    const cwd = folderWithZip()
    await run(['nibrs-2022.zip', '--labels'], { cwd })
    const [row] = await query(
      `SELECT sex, sex_label FROM '${path.join(cwd, 'nibrs-2022', 'victim.parquet')}'`,
    )
    expect(row).toEqual({ sex: 'F', sex_label: 'Female' })
  })
})

describe('-o -', () => {
  test('sends one segment to standard output and nothing else', async () => {
    const cwd = folderWithZip()
    const args = ['nibrs-2022.zip', '-o', '-', '--segment', 'offender']
    const csv = await run([...args, '--format', 'csv'], { cwd })
    expect(csv.code).toBe(0)
    const [head, row, ...rest] = csv.stdout.toString().split('\n')
    expect(head).toMatch(/^state_code,ori,incident_number,incident_date,offender_sequence,age,/)
    expect(row).toMatch(/^50,AK0010100,000000000001,2022-03-15,1,41,/)
    expect(rest).toEqual([''])
    const ndjson = await run([...args, '--format', 'ndjson'], { cwd })
    expect(JSON.parse(ndjson.stdout.toString())).toMatchObject({ age: 41, race: 'W' })
    const arrow = await run([...args, '--format', 'arrow'], { cwd })
    expect(tableFromIPC(arrow.stdout).numRows).toBe(1)
    expect(tree(cwd)).toEqual(['nibrs-2022.zip'])
  })

  test('leaves --json to standard error', async () => {
    const args = ['nibrs-2022.zip', '-o', '-', '--segment', 'offender', '--format', 'csv']
    const { stdout, stderr } = await run([...args, '--json', '-q'], { cwd: folderWithZip() })
    expect(stdout.toString()).toMatch(/^state_code,/)
    expect(JSON.parse(stderr).inputs[0].files).toEqual([
      { segment: 'offender', file: null, rows: 1, bytes: stdout.length },
    ])
  })

  test.each([
    ['without a format', ['--segment', 'offense'], 'cannot write Parquet to a stream'],
    ['without a segment', ['--format', 'csv'], 'a stream takes one segment'],
    ['of two', ['--format', 'csv', '--segment', 'offense', '--segment', 'victim'], 'one --segment'],
    ['of two files', ['--format', 'csv', '--segment', 'offense', 'b.zip'], 'takes one file'],
  ])('%s is a mistake in the command', async (_name, args, message) => {
    const result = await run(['nibrs-2022.zip', '-o', '-', ...args], { cwd: folderWithZip() })
    expect(result.code).toBe(2)
    expect(result.stdout.length).toBe(0)
    expect(result.stderr).toContain(message)
  })
})

describe('choosing records', () => {
  test('--segment, repeatable, writes these only and counts the others', async () => {
    const cwd = folderWithZip()
    const args = ['nibrs-2022.zip', '--segment', 'victim', '--segment', 'offender', '--json']
    const { stdout } = await run(args, { cwd })
    expect(tree(path.join(cwd, 'nibrs-2022'))).toEqual([
      'manifest.json',
      'offender.parquet',
      'victim.parquet',
    ])
    expect(JSON.parse(stdout.toString()).inputs[0].stats).toMatchObject({
      records: 9,
      notSelected: 7,
    })
  })

  test('--limit reads so many records', async () => {
    const { stdout } = await run(['nibrs-2022.zip', '--limit', '3', '--json'], {
      cwd: folderWithZip(),
    })
    expect(JSON.parse(stdout.toString()).inputs[0]).toMatchObject({
      limit: 3,
      stats: { records: 3 },
    })
  })

  test('--limit on a stream leaves the SHA-256 out, for its end was not read', async () => {
    const input = Buffer.concat(Array.from({ length: 3000 }, () => sampleText()))
    const { code, stdout } = await run(['-', '--limit', '3', '--json'], {
      cwd: temporaryFolder(),
      input,
    })
    expect(code).toBe(0)
    expect(JSON.parse(stdout.toString()).inputs[0].source.sha256).toBeNull()
  })
})

describe('existing output', () => {
  test('of an earlier run that --force does not replace is told', async () => {
    const cwd = folderWithZip()
    await run(['nibrs-2022.zip', '-o', 'out', '--segment', 'victim'], { cwd })
    const offenses = ['nibrs-2022.zip', '-o', 'out', '--segment', 'offense', '--force']
    const result = await run(offenses, { cwd })
    expect(result.code).toBe(0)
    expect(result.stderr).toContain('out also holds victim.parquet of an earlier run')
    expect(tree(cwd)).toContain('out/victim.parquet')
    // Now the manifest lists offenses alone, and so does this run.
    expect((await run(offenses, { cwd })).stderr).not.toContain('earlier run')
  })

  test('is left alone without --force, replaced with it', async () => {
    const cwd = folderWithZip()
    await run(['nibrs-2022.zip', '--limit', '1'], { cwd })
    const refused = await run(['nibrs-2022.zip'], { cwd })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/already holds .*batch_header\.parquet.*\[OUTPUT_EXISTS\]/)
    expect(refused.stderr).toContain('Add --force')
    const count = () =>
      query(`SELECT count(*)::INTEGER AS n FROM '${cwd}/nibrs-2022/offense.parquet'`)
    expect(await count()).toEqual([{ n: 0 }])
    expect(await run(['nibrs-2022.zip', '--force'], { cwd })).toMatchObject({ code: 0 })
    expect(await count()).toEqual([{ n: 1 }])
  })

  test('of the manifest alone is in the way too, and no table stays', async () => {
    const cwd = folderWithZip()
    writeFileSync(path.join(cwd, 'manifest.json'), 'mine')
    const result = await run(['nibrs-2022.zip', '-o', '.'], { cwd })
    expect(result.code).toBe(1)
    expect(tree(cwd)).toEqual(['manifest.json', 'nibrs-2022.zip'])
    expect(readFileSync(path.join(cwd, 'manifest.json'), 'utf8')).toBe('mine')
  })

  test('that cannot be written is exit 1', async () => {
    const cwd = folderWithZip()
    writeFileSync(path.join(cwd, 'file'), '')
    const result = await run(['nibrs-2022.zip', '-o', 'file/out'], { cwd })
    expect(result.code).toBe(1)
    expect(result.stderr).toContain('[OUTPUT_NOT_WRITABLE]')
  })

  test.runIf(existsSync('/proc/self'))('is exit 1 where no folder can be made', async () => {
    const cwd = folderWithZip()
    for (const args of [
      ['-o', '/proc/x/y'],
      ['--issues', '/proc/x/i.ndjson'],
    ]) {
      const result = await run(['nibrs-2022.zip', ...args], { cwd })
      expect(result.code).toBe(1)
      expect(result.stderr).toMatch(/cannot create the output folder \/proc\/x.*\[OUTPUT_NOT_WRIT/)
      expect(tree(cwd)).toEqual(['nibrs-2022.zip'])
    }
  })
})

describe('a manifest that cannot be written', () => {
  // A file size limit refuses the manifest as a full disk does; the table is smaller.
  const args = ['nibrs-2022.zip', '-o', 'o', '--format', 'csv', '--segment', 'offender']
  const limited = (cwd: string, more: readonly string[] = []) => {
    const command = `trap '' XFSZ; ulimit -f 1; exec "$0" "$@"`
    const all = ['-c', command, process.execPath, BIN, ...args, ...more]
    return spawnSync('sh', all, { cwd, encoding: 'utf8' })
  }

  test.runIf(process.platform === 'linux')(
    'leaves no table, and a retry needs no --force',
    async () => {
      const cwd = folderWithZip()
      const failed = limited(cwd)
      expect(failed.stderr).toMatch(
        /cannot write byte 512 of .*manifest\.json.*\[OUTPUT_NOT_WRITABLE\]/,
      )
      expect(failed.status).toBe(1)
      expect(tree(cwd)).toEqual(['nibrs-2022.zip'])
      expect(await run(args, { cwd })).toMatchObject({ code: 0 })
      const sizes = ['offender.csv', 'manifest.json'].map(
        (name) => statSync(path.join(cwd, 'o', name)).size,
      )
      expect(sizes[0]).toBeLessThan(512)
      expect(sizes[1]).toBeGreaterThan(512)
    },
  )

  test.runIf(process.platform === 'linux')('leaves the old output under --force', async () => {
    const cwd = folderWithZip()
    await run([...args, '--limit', '1'], { cwd })
    const contents = () => tree(path.join(cwd, 'o')).map((name) => [name, readOutput(cwd, name)])
    const before = contents()
    expect(limited(cwd, ['--force']).status).toBe(1)
    expect(contents()).toEqual(before)
  })
})

function readOutput(cwd: string, name: string): string {
  return readFileSync(path.join(cwd, 'o', name), 'utf8')
}

describe('--dry-run', () => {
  test('shows spec, entries and first counts and writes nothing', async () => {
    const cwd = folderWithZip()
    const { code, stdout } = await run(['nibrs-2022.zip', '-n', '--issues', 'i.ndjson'], { cwd })
    expect(code).toBe(0)
    expect(stdout.toString()).toContain('* "2022_NIBRS_NATIONAL_MASTER_FILE.txt"')
    expect(stdout.toString()).toContain('spec: nibrs/master@2013, revision 1')
    expect(stdout.toString()).toMatch(/first 9 records:\n {2}batch_header: 1\n/)
    expect(tree(cwd)).toEqual(['nibrs-2022.zip'])
  })

  test('stops after 10,000 records', async () => {
    const cwd = temporaryFolder()
    const text = Buffer.concat(Array.from({ length: 1500 }, () => sampleText()))
    writeFileSync(path.join(cwd, 'a.txt'), text)
    const { stdout } = await run(['a.txt', '--dry-run', '--json'], { cwd })
    expect(JSON.parse(stdout.toString()).stats.records).toBe(10_000)
  })

  test('is one JSON document for several inputs too', async () => {
    const cwd = temporaryFolder()
    writeFileSync(path.join(cwd, 'a.txt'), sampleText())
    writeFileSync(path.join(cwd, 'b.txt'), sampleText())
    const { stdout } = await run(['a.txt', 'b.txt', '--dry-run', '--json'], { cwd })
    const { inputs } = JSON.parse(stdout.toString())
    expect(inputs.map(({ source }: { source: { name: string } }) => source.name)).toEqual([
      'a.txt',
      'b.txt',
    ])
  })
})

describe('--spec', () => {
  test('names a bundled one', async () => {
    const cwd = folderWithZip('1995')
    const result = await run(['nibrs-1995.zip', '-s', 'nibrs/master@2013', '--json'], { cwd })
    expect(JSON.parse(result.stdout.toString()).inputs[0].spec).toEqual({
      id: 'nibrs/master@2013',
      revision: 1,
      reason: 'given by --spec',
    })
  })

  test("or a file of one's own, for any fixed-width text", async () => {
    const cwd = temporaryFolder()
    writeFileSync(
      path.join(cwd, 'stations.yaml'),
      [
        'format: 1',
        'id: weather/stations',
        'version: "1"',
        'revision: 1',
        'title: Weather stations',
        'data_years: [2000, null]',
        'encoding: ascii',
        'segments:',
        '  station:',
        '    length: 14',
        '    fields:',
        '      id:     { pos: 1-4, type: identifier }',
        '      name:   { pos: 5-11, type: text }',
        '      height: { pos: 12-14, type: integer }',
        '',
      ].join('\n'),
    )
    writeFileSync(path.join(cwd, 'a.txt'), 'A001SUMMIT 812\nB002HARBOUR004\n')
    const args = ['a.txt', '-s', 'stations.yaml', '-o', '-', '--format', 'csv']
    const { code, stdout, stderr } = await run(args, { cwd })
    expect(stderr).toContain('weather/stations@1, given by --spec')
    expect([code, stdout.toString()]).toEqual([
      0,
      'id,name,height,record_number,record_length\nA001,SUMMIT,812,1,14\nB002,HARBOUR,4,2,14\n',
    ])
  })

  test('that does not exist is exit 1 and lists those that do', async () => {
    const result = await run(['nibrs-2022.zip', '-s', 'nibrs/master@1066'], {
      cwd: folderWithZip(),
    })
    expect(result.code).toBe(1)
    expect(result.stderr).toContain('nibrs/master@1991')
  })
})
