import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { SpecError } from '../../src/errors.js'
import { readCodeTable } from '../../src/spec/code-table.js'
import { specsFolder } from '../../src/spec/load.js'
import { readSpecDocument } from '../../src/spec/schema.js'

const right = path.join(path.dirname(fileURLToPath(import.meta.url)), 'fixtures/right')
const schema = JSON.parse(
  readFileSync(path.join(specsFolder(), 'spec.schema.json'), 'utf8'),
) as object
const ajv = new Ajv2020({
  strict: true,
  strictTypes: false,
  strictRequired: false,
  strictTuples: false,
})
const validate = ajv.compile(schema)

function filesUnder(folder: string): string[] {
  return (readdirSync(folder, { recursive: true }) as string[])
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => path.join(folder, name))
}

describe('spec.schema.json', () => {
  for (const file of [...filesUnder(path.join(specsFolder(), 'nibrs')), ...filesUnder(right)]) {
    it(`accepts ${path.basename(path.dirname(file))}/${path.basename(file)}`, () => {
      validate(parse(readFileSync(file, 'utf8')))
      expect(validate.errors ?? []).toEqual([])
    })
  }

  it('refuses what is no spec at all', () => {
    for (const value of [null, 1, 'spec', [], {}, { format: 1 }])
      expect(validate(value)).toBe(false)
  })
})

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Step = string | number

/** Every place of a document, root included. */
function* places(value: Json, at: Step[] = []): Generator<Step[]> {
  yield at
  if (value === null || typeof value !== 'object') return
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    yield* places((value as Record<Step, Json>)[key]!, [...at, key])
  }
}

function changed(value: Json, at: Step[], change: (parent: any, key: Step) => void): Json {
  const copy = structuredClone(value)
  let parent: any = copy
  for (const step of at.slice(0, -1)) parent = parent[step]
  change(parent, at.at(-1)!)
  return copy
}

/** Maps whose keys are names that the spec gives. */
const NAMED = ['fields', 'codes', 'segments', 'code_tables', 'attributes']

/** Keys of a map, and its type if it is a field. */
function signature(value: any): string {
  if (value === null || typeof value !== 'object') return typeof value
  return `${Object.keys(value).sort().join()} ${String(value.type)}`
}

const STRANGERS: Json[] = [
  ...[null, true, 7, -1, 1.5, '', '7', '3-4', 'text', 'Bad Name', 'a_name', 'x '],
  ...[[], ['a_name'], {}, { fields: {} }],
]

const WORDS =
  'pos type codes optional range scale yes ignore fields parts level extends label surprise'.split(
    ' ',
  )

/** Rules between two values, which JSON Schema does not state. */
const BETWEEN_VALUES =
  /ends before it starts|make them equal|yes and no are both|a range such as|the last year|expected to as a whole number|expected optional_from as a whole number from 2 to/

function verdicts(
  read: (text: string, file: string) => unknown,
  document: Json,
): [boolean, boolean, string] {
  let message = ''
  try {
    read(stringify(document, { aliasDuplicateObjects: false }), 'mutant.yaml')
  } catch (error) {
    if (!(error instanceof SpecError)) throw error
    message = error.message
  }
  return [message === '', validate(document), message]
}

describe('the runtime checks and the JSON Schema', () => {
  const cases: [string, (text: string, file: string) => unknown][] = [
    ['everything.yaml', readSpecDocument],
    ['based-vermont.yaml', readSpecDocument],
    ['codes/ages.yaml', readCodeTable],
  ]
  for (const [name, read] of cases) {
    it(`say the same of every change to ${name}`, () => {
      const document = parse(readFileSync(path.join(right, name), 'utf8')) as Json
      const differences: string[] = []
      let refused = 0
      let count = 0
      const judge = (mutant: Json, what: string): void => {
        count++
        const [ours, theirs, message] = verdicts(read, mutant)
        if (!ours) refused++
        if (ours === theirs || (!ours && BETWEEN_VALUES.test(message))) return
        differences.push(`${what}: runtime ${ours ? 'accepts' : message}; schema ${theirs}`)
      }
      const done = new Set<string>()
      for (const at of places(document)) {
        if (at.length === 0) continue
        // Two integer fields with the same properties need not both be tried.
        const find = (steps: Step[]): any =>
          steps.reduce<any>((value, step) => value[step], document)
        const isNamed = typeof at.at(-1) === 'number' || NAMED.includes(at.at(-2) as string)
        const kind = isNamed
          ? `one of ${at.at(-2)}: ${signature(find(at))}`
          : `${at.at(-1)} of ${signature(find(at.slice(0, -1)))}`
        if (done.has(kind)) continue
        done.add(kind)
        const trail = at.join('.')
        judge(
          changed(document, at, (parent, key) => {
            if (Array.isArray(parent)) parent.splice(key as number, 1)
            else delete parent[key]
          }),
          `without ${trail}`,
        )
        for (const stranger of STRANGERS) {
          judge(
            changed(document, at, (parent, key) => (parent[key] = stranger)),
            `${trail} = ${JSON.stringify(stranger)}`,
          )
        }
        const here = find(at)
        if (here === null || typeof here !== 'object' || Array.isArray(here)) continue
        for (const word of WORDS.filter((word) => !(word in here))) {
          judge(
            changed(document, [...at, word], (parent, key) => (parent[key] = 'a_name')),
            `${trail}.${word} added`,
          )
        }
      }
      expect(differences).toEqual([])
      expect(refused).toBeGreaterThan(40)
      expect(count - refused).toBeGreaterThan(20)
    })
  }
})
