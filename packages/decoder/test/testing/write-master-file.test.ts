import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import yauzl from 'yauzl'
import {
  entryName,
  generateMasterFile,
  type Manifest,
  writeMasterFile,
} from '../../src/testing/index.js'
import { writeZip } from '../../src/testing/zip-file.js'

const hasUnzip = spawnSync('unzip', ['-v']).status === 0
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'synth-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

async function expectedBytes(year: number, records: number): Promise<Buffer> {
  return Buffer.concat([...(await generateMasterFile({ year, records }))])
}

/** Name and content of the only entry, as yauzl reads them; it checks sizes and CRC. */
async function unzip(file: string): Promise<{ name: string; content: Buffer }> {
  return new Promise((resolve, reject) => {
    yauzl.open(file, { lazyEntries: true }, (error, zip) => {
      if (error !== null) return reject(error)
      zip.on('error', reject)
      zip.once('entry', (entry: yauzl.Entry) => {
        expect(zip.entryCount).toBe(1)
        zip.openReadStream(entry, (openError, stream) => {
          if (openError !== null) return reject(openError)
          const chunks: Buffer[] = []
          stream.on('data', (chunk: Buffer) => chunks.push(chunk))
          stream.on('error', reject)
          stream.on('end', () => {
            zip.close()
            resolve({ name: entry.fileName, content: Buffer.concat(chunks) })
          })
        })
      })
      zip.readEntry()
    })
  })
}

describe('writeMasterFile', () => {
  test('writes text', async () => {
    const file = path.join(folder, 'plain.txt')
    const manifest = await writeMasterFile(file, { year: 2003, records: 3000 })
    const bytes = await readFile(file)
    expect(bytes.equals(await expectedBytes(2003, 3000))).toBe(true)
    expect(manifest).toMatchObject({ year: 2003, records: 3000, bytes: bytes.length })
  })

  test('writes gzip', async () => {
    const file = path.join(folder, 'packed.gz')
    await writeMasterFile(file, { year: 2003, records: 3000, level: 1 })
    expect(gunzipSync(await readFile(file)).equals(await expectedBytes(2003, 3000))).toBe(true)
  })

  test.each([false, true])('writes a zip that others read, zip64 %s', async (zip64) => {
    const file = path.join(folder, `zip64-${zip64}.zip`)
    await writeMasterFile(file, { year: 2022, records: 30_000, zip64 })
    const { name, content } = await unzip(file)
    expect(name).toBe('2022_NIBRS_NATIONAL_MASTER_FILE_ENC.txt')
    expect(content.equals(await expectedBytes(2022, 30_000))).toBe(true)
    if (!hasUnzip) return console.warn('SKIPPED (no unzip): unzip -t of a generated archive')
    const tested = spawnSync('unzip', ['-t', file], { encoding: 'utf8' })
    expect(tested.stdout).toContain('No errors detected')
    expect(tested.status).toBe(0)
  })

  test('writes the same archive again', async () => {
    const files = ['once.zip', 'twice.zip'].map((name) => path.join(folder, name))
    for (const file of files) await writeMasterFile(file, { year: 1999, records: 500 })
    const [once, twice] = await Promise.all(files.map((file) => readFile(file)))
    expect(once!.equals(twice!)).toBe(true)
  })

  test('leaves nothing behind when it is stopped', async () => {
    const stopped = path.join(folder, 'stopped')
    await mkdir(stopped)
    for (const name of ['x.txt', 'x.gz', 'x.zip']) {
      const signal = AbortSignal.timeout(150)
      const writing = writeMasterFile(path.join(stopped, name), {
        year: 2022,
        records: 100_000_000,
        signal,
      })
      await expect(writing).rejects.toThrow()
      expect(await readdir(stopped)).toEqual([])
    }
  })

  test('refuses an entry of 4 GiB without zip64', async () => {
    const chunk = new Uint8Array(1 << 26)
    const chunks = Array.from({ length: 64 }, () => chunk)
    await expect(
      writeZip(path.join(folder, 'large.zip'), 'x.txt', chunks, { level: 1 }),
    ).rejects.toThrow(/set zip64/)
  })

  test('names the entry as the FBI does', () => {
    expect([2019, 2020, 2021, 2022, 2023, 2024, 2025].map(entryName)).toEqual([
      '2019_NIBRS_NATIONAL_MASTER_FILE_ENC_STATIC.txt',
      '2020_NIBRS_NATIONAL_MASTER_FILE_ENC.txt',
      '2021_NIBRS_NATIONAL_MASTER_FILE.txt',
      '2022_NIBRS_NATIONAL_MASTER_FILE_ENC.txt',
      '2023_NIBRS_NATIONAL_MASTER_FILE.txt',
      '2024_NIBRS_NATIONAL_MASTER_FILE.txt',
      'nibrs-2025.txt',
    ])
  })
})

describe('npm run synth', () => {
  const script = fileURLToPath(new URL('../../../../scripts/synth.mjs', import.meta.url))
  const synth = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })

  test('writes a file and prints its manifest', async () => {
    const out = path.join(folder, 'synth.zip')
    const { status, stdout, stderr } = synth('--year', '2022', '--records', '1e4', '--out', out)
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const manifest = JSON.parse(stdout) as Manifest
    expect(manifest.records).toBe(10_000)
    const { content } = await unzip(out)
    expect(content).toHaveLength(manifest.bytes)
    expect(content.equals(await expectedBytes(2022, 10_000))).toBe(true)
  })

  test('passes every option on', () => {
    const out = path.join(folder, 'synth.txt')
    const { stdout } = synth(
      ...['--year', '2012', '--records', '2000', '--out', out, '--seed', '4', '--trim', 'some'],
      ...['--line-end', 'crlf', '--no-final-newline', '--end-mark', '--pad-to', '132', '--tails'],
      ...['--blank-lines', '0.1', '--repeated-headers', '0.5'],
      ...['--faults', '0.3', '--fault-kind', 'FIELD_DATE'],
    )
    const manifest = JSON.parse(stdout) as Manifest
    expect(manifest).toMatchObject({ year: 2012, seed: 4, records: 2000, endMarks: 1 })
    expect(manifest.blankLines).toBeGreaterThan(100)
    expect(manifest.shortRecords).toBeGreaterThan(100)
    expect(manifest.longRecords).toBeGreaterThan(100)
    expect(Object.keys(manifest.issues).sort()).toEqual(['FIELD_DATE', 'HEADER_REPEATED'])
  })

  test('says what is wrong with the arguments', () => {
    const missing = synth('--year', '2022')
    expect(missing.status).toBe(2)
    expect(missing.stderr).toContain('synth: --year and --out are needed')
    const bad = synth('--year', '1066', '--out', path.join(folder, 'bad.txt'))
    expect(bad.status).toBe(2)
    expect(bad.stderr).toContain('option "year" is 1066; expected a whole number from 1991 to 2025')
  })
})
