import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isDecoderError, SpecError } from '../../src/errors.js'
import { detectHint } from '../../src/spec/detect-hint.js'
import { loadDetectHints } from '../../src/spec/load-hints.js'
import { listSpecs, loadSpec, parseSpec, specsFolder } from '../../src/spec/load.js'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'specs-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function refusal(work: Promise<unknown>): Promise<SpecError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof SpecError)) throw new Error(`expected a SpecError, got ${String(error)}`)
  expect(isDecoderError(error)).toBe(true)
  return error
}

const MINIMAL = `format: 1
id: mine
version: "1"
revision: 1
title: Mine
encoding: latin1
segments:
  row: { length: 2, fields: { sex: { pos: 1, type: code, codes: sex }, blank: { pos: 2, type: filler } } }
`
const SEX = `format: 1
code_table: sex
title: Sex
codes: { "F": Female, "M": Male }
`

describe('loadSpec', () => {
  it('takes the id of a bundled spec', async () => {
    const spec = await loadSpec('nibrs/master@2013')
    expect(spec).toMatchObject({ id: 'nibrs/master@2013', family: 'nibrs/master', version: '2013' })
  })

  it('takes a path or a file: URL, with code tables relative to the file', async () => {
    mkdirSync(path.join(folder, 'lists'))
    writeFileSync(path.join(folder, 'lists', 'sex.yaml'), SEX)
    const file = path.join(folder, 'mine.yaml')
    writeFileSync(file, MINIMAL.replace('segments:', 'code_folder: lists/\nsegments:'))
    for (const where of [file, pathToFileURL(file), pathToFileURL(file).href]) {
      const spec = await loadSpec(where)
      expect(spec.tables[0]!.columns[0]!.codes!.title).toBe('Sex')
    }
  })

  it('reads a changed file anew', async () => {
    const file = path.join(folder, 'changing.yaml')
    const text = MINIMAL.replace('codes: sex', 'codes: yn').replace(
      'segments:',
      'code_tables: { yn: { codes: { "Y": Yes } } }\nsegments:',
    )
    writeFileSync(file, text)
    expect((await loadSpec(file)).revision).toBe(1)
    writeFileSync(file, text.replace('revision: 1', 'revision: 2'))
    expect((await loadSpec(file)).revision).toBe(2)
  })

  it('lists the bundled ids when there is none of that name', async () => {
    const error = await refusal(loadSpec('nibrs/master@2014'))
    expect(error.code).toBe('SPEC_NOT_FOUND')
    expect(error.message).toBe(
      'there is no bundled spec "nibrs/master@2014"; use one of nibrs/master@1991, ' +
        'nibrs/master@2002, nibrs/master@2013, nibrs/master@2015-vermont, or the path of a file',
    )
  })

  it('says so when there is no such file', async () => {
    const file = path.join(folder, 'nowhere.yaml')
    const error = await refusal(loadSpec(file))
    expect(error).toMatchObject({ code: 'SPEC_NOT_FOUND', file })
    expect((await refusal(loadSpec('mine@1.yaml'))).message).toContain('no spec file "mine@1.yaml"')
  })

  it('keeps the cause when a file cannot be read', async () => {
    const error = await refusal(loadSpec(folder))
    expect(error.code).toBe('SPEC_NOT_FOUND')
    expect(error.message).toContain('EISDIR')
    expect((error.cause as { code: string }).code).toBe('EISDIR')
  })

  it('does not fetch', async () => {
    const error = await refusal(loadSpec('https://example.org/spec.yaml'))
    expect(error.message).toContain('download it and give its path')
  })

  it('never looks for an id outside the folder of bundled specs', async () => {
    for (const id of ['../codes@sex', 'nibrs/../codes@sex', '/etc@passwd', 'nibrs/codes@sex']) {
      expect((await refusal(loadSpec(id))).code).toMatch(/^SPEC_(NOT_FOUND|SCHEMA)$/)
    }
  })

  it('names the file of a code table that is wrong', async () => {
    const file = path.join(folder, 'bad-codes.yaml')
    const lists = path.join(folder, 'bad-lists')
    mkdirSync(lists)
    writeFileSync(file, MINIMAL.replace('segments:', 'code_folder: bad-lists\nsegments:'))
    writeFileSync(
      path.join(lists, 'sex.yaml'),
      SEX.replace('code_table: sex', 'code_table: gender'),
    )
    expect((await refusal(loadSpec(file))).message).toContain('make name and file name equal')
    writeFileSync(path.join(lists, 'sex.yaml'), SEX.replace('"M": Male', '1: Male'))
    expect(await refusal(loadSpec(file))).toMatchObject({
      code: 'SPEC_SCHEMA',
      file: path.join(lists, 'sex.yaml'),
      line: 4,
    })
  })
})

describe('listSpecs', () => {
  it('lists every bundled spec, whose file is where its id says', async () => {
    const specs = await listSpecs()
    expect(
      specs.map(({ id, dataYears, revision, extends: parent }) => [
        id,
        dataYears,
        revision,
        parent,
      ]),
    ).toEqual([
      ['nibrs/master@1991', [1991, 2001], 1, null],
      ['nibrs/master@2002', [2002, 2012], 1, null],
      ['nibrs/master@2013', [2013, null], 1, null],
      ['nibrs/master@2015-vermont', [2015, 2015], 1, 'nibrs/master@2013'],
    ])
    for (const { id, file } of specs) {
      expect(file).toBe(path.join(specsFolder(), `${id.replace('@', path.sep)}.yaml`))
      expect((await loadSpec(id)).id).toBe(id)
    }
  })

  it('lists years that follow one another without a gap', async () => {
    const years = (await listSpecs())
      .filter((spec) => spec.extends === null)
      .map((spec) => spec.dataYears!)
    for (const [at, [first]] of years.entries()) {
      if (at > 0) expect(first).toBe(years[at - 1]![1]! + 1)
    }
    expect(years.at(-1)![1]).toBeNull()
  })
})

describe('parseSpec', () => {
  it('asks the caller for what the text refers to, and touches no file itself', async () => {
    const asked: [string, string][] = []
    const spec = await parseSpec(MINIMAL.replace('segments:', 'code_folder: lists\nsegments:'), {
      file: 'memory/mine.yaml',
      resolve: (reference, from) => {
        asked.push([reference, from])
        return { file: `memory/${reference}`, text: SEX }
      },
    })
    expect(asked).toEqual([['lists/sex.yaml', 'memory/mine.yaml']])
    expect(spec.tables[0]!.columns[0]!.codes!.codes.get('F')).toEqual({ label: 'Female' })
  })

  it('finds nothing without a resolver, and says which table is missing', async () => {
    const error = await refusal(parseSpec(MINIMAL))
    expect(error).toMatchObject({ code: 'SPEC_UNKNOWN_CODE_TABLE', file: 'spec.yaml', line: 8 })
  })

  it('takes a bundled spec as shape through the resolver', async () => {
    const text = `format: 1
id: nibrs/master
version: "2031"
revision: 1
title: A layout to come
encoding: latin1
shape: nibrs/master@2013
segment_level: { pos: 1-2 }
segments:
  batch_header:
    role: header
    key: [ori]
    level: "BH"
    length: 13
    fields: { master_file_year: { pos: 3-4, type: integer }, ori: { pos: 5-13, type: identifier } }
`
    const file = (name: string): string => path.join(specsFolder(), 'nibrs', name)
    const spec = await parseSpec(text, {
      resolve: (reference, from) => {
        const found = reference.includes('@')
          ? file('master/2013.yaml')
          : path.resolve(path.dirname(from), reference)
        return { file: found, text: readFileSync(found, 'utf8') }
      },
    })
    expect(spec.tables).toHaveLength(11)
    expect(spec.layouts).toHaveLength(1)
    expect(spec.tables[3]).toMatchObject({ name: 'offense', levels: [] })
  })
})

describe('detectHint', () => {
  it('says by which lines an edition is known', async () => {
    const hint = detectHint(await loadSpec('nibrs/master@2013'))
    expect(hint).toMatchObject({
      id: 'nibrs/master@2013',
      dataYears: [2013, null],
      level: { start: 0, end: 2 },
      year: { level: 'BH', start: 229, end: 233 },
    })
    expect(hint.levels).toHaveLength(11)
    expect(hint.levels.find(({ level }) => level === '06')).toEqual({
      level: '06',
      length: 73,
      maxLength: 73,
      role: 'child',
      dateStart: 25,
    })
    expect(hint.ori).toEqual({ start: 4, end: 13 })
  })

  it('finds the year in the last of three headers', async () => {
    const hint = detectHint(await loadSpec('nibrs/master@1991'))
    expect(hint.year).toEqual({ level: 'B3', start: 53, end: 57 })
    expect(hint.levels.slice(0, 3).map(({ level }) => level)).toEqual(['B1', 'B2', 'B3'])
  })

  it('is the same again after a passage through JSON, as the build writes it', async () => {
    const hints = await loadDetectHints()
    expect(hints.map(({ id }) => id)).toEqual(
      ['1991', '2002', '2013'].map((year) => `nibrs/master@${year}`),
    )
    expect(JSON.parse(JSON.stringify(hints))).toEqual(hints)
  })

  it('knows no year where the spec names none', async () => {
    const text = MINIMAL.replace('codes: sex', 'codes: yn').replace(
      'segments:',
      'code_tables: { yn: { codes: { "Y": Yes } } }\nsegments:',
    )
    expect(detectHint(await parseSpec(text))).toMatchObject({ level: null, year: null })
  })
})
