import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { SpecError } from '../../src/errors.js'
import { loadSpec, specsFolder } from '../../src/spec/load.js'

const here = path.dirname(fileURLToPath(import.meta.url))
const schema = JSON.parse(
  readFileSync(path.join(specsFolder(), 'spec.schema.json'), 'utf8'),
) as object
const validate = new Ajv2020({
  allErrors: true,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  strictTuples: false,
}).compile(schema)

interface Expected {
  code: string
  line: number
  segment?: string
  field?: string
  says: string
  schema: 'accepts' | 'refuses' | 'none'
}

async function failureOf(file: string): Promise<SpecError> {
  try {
    await loadSpec(file)
  } catch (error) {
    if (error instanceof SpecError) return error
    throw error
  }
  throw new Error(`${file} was accepted`)
}

describe('a wrong spec', () => {
  const folder = path.join(here, 'fixtures/wrong')
  const names = readdirSync(folder)

  it('has many kinds', () => {
    expect(names.length).toBeGreaterThan(50)
  })

  for (const name of names) {
    const file = path.join(folder, name)
    const text = readFileSync(file, 'utf8')
    const [why, expectation] = text.split('\n') as [string, string]
    const wanted = JSON.parse(expectation.replace(/^# expect: /, '')) as Expected

    it(`${path.basename(name, '.yaml')}: ${why.slice(2)}`, async () => {
      const error = await failureOf(file)
      expect({
        code: error.code,
        file: error.file,
        line: error.line,
        segment: error.segment,
        field: error.field,
      }).toEqual({
        code: wanted.code,
        file,
        line: wanted.line,
        segment: wanted.segment,
        field: wanted.field,
      })
      expect(error.message).toContain(wanted.says)
      expect(error.message).toMatch(new RegExp(`^${file}:${wanted.line}:\\d+: `))
      expect(error.column).toBeGreaterThan(0)
    })

    if (wanted.schema !== 'none') {
      it(`${path.basename(name, '.yaml')}: the JSON Schema ${wanted.schema} it`, () => {
        expect(validate(parse(text))).toBe(wanted.schema === 'accepts')
      })
    }
  }

  it('names the mend in one sentence, without the path twice', async () => {
    const file = path.join(folder, 'overlap.yaml')
    expect((await failureOf(file)).message).toBe(
      `${file}:20:7: segment "person", field "born": pos 7-15 overlaps "sex" (7); ` +
        'check the positions against the printed page',
    )
  })
})
