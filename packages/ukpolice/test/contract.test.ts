import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkShape, isUkPoliceError, type ShapeName } from '../src/index.js'
import { readRecordedData } from '../src/testing/index.js'
import { serve, unlimited } from './serve.js'
import { filesBelow, recordedFolder } from './shared-data.js'

const folder = recordedFolder()

const shapeOfFolder: Record<string, ShapeName> = {
  'crime-categories': 'categories',
  'crimes-at-location': 'crimes',
  'crimes-no-location': 'crimes',
  'crimes-street': 'crimes',
  'crimes-street-dates': 'availability',
  force: 'force',
  'force-people': 'officers',
  forces: 'forces',
  'locate-neighbourhood': 'located',
  neighbourhood: 'neighbourhood',
  'neighbourhood-boundary': 'boundary',
  'neighbourhood-events': 'events',
  'neighbourhood-priorities': 'priorities',
  neighbourhoods: 'neighbourhoods',
  'outcomes-at-location': 'outcomes',
  'outcomes-for-crime': 'caseHistory',
  'stops-at-location': 'stops',
  'stops-force': 'stops',
  'stops-no-location': 'stops',
  'stops-street': 'stops',
}

const whole: readonly ShapeName[] = ['force', 'located', 'neighbourhood', 'caseHistory']

/** A recorded answer as the service would send it: single elements become lists again. */
function answerOf(file: string, value: unknown): unknown {
  const detail = JSON.parse(
    readFileSync(path.join(folder as string, 'api/neighbourhood/leicestershire-NC04.json'), 'utf8'),
  ) as Record<string, unknown>
  if (file.includes('neighbourhood/link-')) return { ...detail, links: [value] }
  if (file.includes('neighbourhood/location-')) return { ...detail, locations: [value] }
  const shape = shapeOfFolder[path.dirname(file)] as ShapeName
  return whole.includes(shape) || Array.isArray(value) ? value : [value]
}

if (folder) {
  const api = path.join(folder, 'api')
  const files = filesBelow(api).filter((file) => file.endsWith('.json'))

  describe('every recorded answer', () => {
    it('is known to this test by its folder', () => {
      expect(files.length).toBeGreaterThanOrEqual(28)
      expect(files.filter((file) => !(path.dirname(file) in shapeOfFolder))).toEqual([])
    })

    for (const file of files) {
      for (const mode of ['tolerant', 'strict'] as const) {
        it(`${file} passes in ${mode} mode`, () => {
          const text = readFileSync(path.join(api, file), 'utf8')
          const answer = answerOf(file, JSON.parse(text))
          const shape = shapeOfFolder[path.dirname(file)] as ShapeName
          const before = JSON.stringify(answer)
          expect(checkShape(shape, answer, mode)).toEqual([])
          expect(JSON.stringify(answer)).toBe(before)
        })
      }
    }

    for (const file of files) {
      it(`${file} fails once a key is gone or of another type`, () => {
        const answer = answerOf(file, JSON.parse(readFileSync(path.join(api, file), 'utf8')))
        const shape = shapeOfFolder[path.dirname(file)] as ShapeName
        const target = (Array.isArray(answer) ? answer.at(-1) : answer) as Record<string, unknown>
        const [key] = Object.keys(target) as [string]
        target[key] = { wrong: ['type'] }
        let error: unknown
        try {
          checkShape(shape, answer)
        } catch (caught) {
          error = caught
        }
        expect(isUkPoliceError(error) && error.code).toBe('SHAPE_MISMATCH')
        expect((error as Error).message).toContain(key)
      })
    }
  })
}

describe('tolerant and strict', () => {
  const row = { url: 'burglary', name: 'Burglary' }

  it('keeps and reports an unknown key, and refuses it in strict mode', () => {
    const answer = [row, { ...row, colour: 'red' }, { ...row, colour: 'blue' }]
    expect(checkShape('categories', answer)).toEqual([
      { kind: 'unknown-key', field: 'category', value: 'colour', count: 2 },
    ])
    expect(() => checkShape('categories', answer, 'strict')).toThrow(
      expect.objectContaining({ code: 'SHAPE_MISMATCH' }),
    )
  })

  it('accepts and reports an unknown word, and refuses it in strict mode', () => {
    const outcome = {
      category: { code: 'exiled', name: 'Offender exiled' },
      date: '2026-08',
      person_id: null,
    }
    const crime = {
      category: 'piracy',
      persistent_id: '',
      id: 1,
      month: '2026-08',
      location: null,
      location_type: null,
      location_subtype: '',
      context: '',
    }
    const history = { crime, outcomes: [outcome] }
    expect(checkShape('caseHistory', history)).toEqual([
      { kind: 'unknown-word', field: 'category', value: 'piracy', count: 1 },
      { kind: 'unknown-word', field: 'category.code', value: 'exiled', count: 1 },
      { kind: 'unknown-word', field: 'category.name', value: 'Offender exiled', count: 1 },
    ])
    expect(() => checkShape('caseHistory', history, 'strict')).toThrow(
      expect.objectContaining({ code: 'SHAPE_UNKNOWN_WORD' }),
    )
  })

  it('accepts a null list of outcomes, as Northern Ireland has', () => {
    const crime = {
      category: 'burglary',
      persistent_id: 'a'.repeat(64),
      id: 1,
      month: '2026-08',
      location: null,
      location_type: null,
      location_subtype: '',
      context: 'line one\nline two',
    }
    expect(checkShape('caseHistory', { crime, outcomes: null }, 'strict')).toEqual([])
  })
})

if (folder) {
  describe('a server fed with the recorded answers', () => {
    it('gives every recorded row back through the strict client', async () => {
      const data = readRecordedData(path.join(folder, 'api'))
      const client = { ...unlimited, shapes: 'strict' } as const
      const { police } = await serve({ data, client })
      expect(await police.forces.list()).toHaveLength(44)
      const thames = [
        { lat: 51.3, lng: -0.3 },
        { lat: 51.7, lng: -0.3 },
        { lat: 51.7, lng: 0.3 },
        { lat: 51.3, lng: 0.3 },
      ]
      const crimes = await police.crimes.streetAll({ month: '2014-08', within: thames })
      expect(crimes).toHaveLength(188)
      expect(crimes.filter((crime) => crime.location_type === 'BTP').length).toBeGreaterThan(3)
      const outcomes = await police.outcomes.atLocationAll({ month: '2019-01', within: thames })
      expect(outcomes).toHaveLength(68)
      expect(new Set(outcomes.map((row) => JSON.stringify(row))).size).toBeLessThan(68)
      const stops = await police.stops.force({ month: '2022-12', force: 'metropolitan' })
      expect(stops).toHaveLength(1500)
      const unplaced = await police.crimes.unplaced({ month: '2017-03', force: 'leicestershire' })
      expect(unplaced).toHaveLength(2)
      expect(await police.forces.get('leicestershire')).toMatchObject({ id: 'leicestershire' })
      const id = 'e11dade0a92a912d12329b9b2abb856ac9520434ad6845c30f503e9901d140f1'
      expect((await police.outcomes.forCrime(id)).outcomes).toHaveLength(2)
      const nc04 = await police.neighbourhoods.get('leicestershire', 'NC04')
      expect(nc04.population).toBe('1000')
      expect(await police.neighbourhoods.events('leicestershire', 'NC04')).toHaveLength(1)
    })
  })
}
