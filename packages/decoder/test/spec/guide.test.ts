import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decode } from '../../src/decode.js'
import { SpecError } from '../../src/errors.js'
import { rows } from '../../src/rows.js'
import { loadSpec } from '../../src/spec/load.js'

const guide = readFileSync(
  fileURLToPath(new URL('../../../../docs/guides/writing-a-spec.md', import.meta.url)),
  'utf8',
)
const blocks = [...guide.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text]) => ({
  language: language!,
  text: text!,
}))
const files = new Map(
  blocks
    .filter((block) => block.language === 'yaml')
    .map(({ text }) => [/^# (\S+\.yaml)\n/.exec(text)?.[1] ?? '', text]),
)
const texts = (language: string): string[] =>
  blocks.filter((block) => block.language === language).map((block) => block.text)

describe('the guide to writing a spec', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'guide-'))
    for (const [name, text] of files) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
      writeFileSync(path.join(folder, name), text)
    }
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('names the file of every YAML block', () => {
    expect([...files.keys()]).toEqual([
      'rainfall.yaml',
      'survey.yaml',
      'codes/age.yaml',
      'codes/sex.yaml',
      'survey-1991.yaml',
      'survey-2005-north.yaml',
      'wrong.yaml',
    ])
  })

  for (const name of files.keys()) {
    if (name.startsWith('codes/') || name === 'wrong.yaml') continue
    it(`shows ${name} that loads`, async () => {
      const spec = await loadSpec(path.join(folder, name))
      expect(spec.layouts.length).toBeGreaterThan(0)
    })
  }

  it('shows the tables its words describe', async () => {
    const survey = await loadSpec(path.join(folder, 'survey.yaml'))
    const names = (at: number): string[] => survey.tables[at]!.columns.map((column) => column.name)
    expect(names(0).slice(2, 5)).toEqual(['spring_visited', 'spring_expenses', 'summer_visited'])
    expect(names(1)).toEqual([
      ...['household', 'age', 'age_code', 'sex', 'language_1', 'language_2', 'language_3'],
      ...['weight', 'income'],
    ])
    const first = await loadSpec(path.join(folder, 'survey-1991.yaml'))
    expect(first.tables.map((table) => table.columns.map((column) => column.name))).toEqual([
      names(0),
      names(1),
    ])
    const north = await loadSpec(path.join(folder, 'survey-2005-north.yaml'))
    expect(north.layouts.at(-1)!.when).toMatchObject({ values: ['N00001', 'N00002'] })
    // Both halves of a wider age grow with it.
    const ages = north.tables[1]!.columns.filter((column) => column.mixed !== undefined)
    expect(ages.map((column) => column.width)).toEqual([3, 3])
  })

  it('shows the error its wrong spec gives', async () => {
    const file = path.join(folder, 'wrong.yaml')
    const error: unknown = await loadSpec(file).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SpecError)
    const shown = texts('text').find((text) => text.startsWith('wrong.yaml'))!
    expect((error as SpecError).message.replace(file, 'wrong.yaml')).toBe(shown.trim())
  })

  it('shows the rows its data decode to', async () => {
    const spec = await loadSpec(path.join(folder, 'rainfall.yaml'))
    const data = new TextEncoder().encode(texts('text').find((text) => text.startsWith('00042'))!)
    const lines: string[] = []
    for await (const row of rows(decode([data], spec), 'reading', { labels: true })) {
      if (lines.length === 0) lines.push(Object.keys(row).join())
      lines.push(
        Object.values(row)
          .map((cell) => (cell === null ? '' : String(cell)))
          .join(),
      )
    }
    expect(lines).toEqual(texts('csv')[0]!.trim().split('\n'))
  })
})
