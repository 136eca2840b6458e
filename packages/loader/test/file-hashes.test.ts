import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createClient } from '@ukpolice/client'
import {
  archiveFiles,
  generateData,
  makeZip,
  startTestServer,
  type TestServer,
} from '@ukpolice/client/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { load, openDestination, type Source } from '../src/index.js'
import { ukpoliceApi, ukpoliceArchive } from '../src/sources/index.js'

let folder: string
let server: TestServer
const data = generateData({ forces: ['kent'], crimeCount: 60, monthCount: 1 })

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'crimewh-hashes-'))
  server = await startTestServer(data, { rate: false })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex')

async function filesOf(source: Source) {
  const destination = openDestination(`duckdb:${path.join(folder, 'hashes.duckdb')}`)
  const { slices } = await load({ source, destination })
  return slices.flatMap(({ manifest }) => manifest!.files)
}

test('the manifest has the SHA-256 of a file of the archive as unpacked', async () => {
  const file = path.join(folder, 'archive.zip')
  const packed = archiveFiles(data)
  writeFileSync(file, makeZip(packed))
  const [{ name, content }] = packed.filter((each) => each.name.endsWith('-street.csv')) as [
    (typeof packed)[number],
  ]
  const bytes = Buffer.from(content)
  expect(await filesOf(ukpoliceArchive(file, { dataset: 'street' }))).toEqual([
    { name, sha256: sha256(bytes), byteCount: bytes.length },
  ])
})

test('the manifest has the SHA-256 of the elements of an answer, sorted', async () => {
  const client = createClient({ baseUrl: server.url })
  const answer = await fetch(`${server.url}/stops-force?force=kent&date=2026-08`)
  const elements = (await answer.json()) as readonly object[]
  const text = elements.map((element) => `${JSON.stringify(element)}\n`).sort()
  expect(await filesOf(ukpoliceApi({ client, dataset: 'stops' }))).toEqual([
    {
      name: 'stops force=kent date=2026-08',
      sha256: sha256(text.join('')),
      byteCount: Buffer.byteLength(text.join('')),
    },
  ])
})
