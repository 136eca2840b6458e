import { describe, expect, it } from 'vitest'
import {
  coordinates,
  findCoverageNotes,
  monthStart,
  position,
  stopMonth,
  stopTime,
  ukLocalTime,
  wholeNumber,
} from '../src/index.js'

describe('numbers on request', () => {
  it('reads coordinates and knows when there are none', () => {
    const at = (latitude: string, longitude: string) => ({ location: { latitude, longitude } })
    expect(coordinates(at('52.629831', '-1.132503'))).toEqual({ lat: 52.629831, lng: -1.132503 })
    expect(coordinates({ location: null })).toBeNull()
    expect(coordinates(at('0.000000', '0.000000'))).toBeNull()
    expect(coordinates(at('51.5', '0'))).toEqual({ lat: 51.5, lng: 0 })
    expect(position({ latitude: 'B', longitude: 'A' })).toBeNull()
    expect(position({ latitude: null, longitude: null })).toBeNull()
    expect(position({ latitude: '', longitude: '1' })).toBeNull()
  })

  it('reads a population', () => {
    expect([wholeNumber('1000'), wholeNumber('0'), wholeNumber(''), wholeNumber(null)]).toEqual([
      1000,
      0,
      null,
      null,
    ])
  })
})

describe('dates on request', () => {
  it('reads months and stops', () => {
    expect(monthStart('2024-02').toISOString()).toBe('2024-02-01T00:00:00.000Z')
    expect(() => monthStart('2024-2')).toThrow(/not a month/)
    const stop = { datetime: '2018-06-08T13:40:00+00:00' }
    expect(stopTime(stop)?.toISOString()).toBe('2018-06-08T13:40:00.000Z')
    expect(stopTime({ datetime: 'soon' })).toBeNull()
  })

  it('cuts the months of stops by UK local time', () => {
    expect(stopMonth({ datetime: '2024-05-31T23:30:00+00:00' })).toBe('2024-06')
    expect(stopMonth({ datetime: '2024-05-31T22:59:59+00:00' })).toBe('2024-05')
    expect(stopMonth({ datetime: '2024-01-31T23:30:00+00:00' })).toBe('2024-01')
  })

  it('reads UK local times in winter and in summer', () => {
    expect(ukLocalTime('2016-09-17T12:00:00')?.toISOString()).toBe('2016-09-17T11:00:00.000Z')
    expect(ukLocalTime('2016-12-17T12:00:00')?.toISOString()).toBe('2016-12-17T12:00:00.000Z')
    expect(ukLocalTime('2016-07-01T00:30:00')?.toISOString()).toBe('2016-06-30T23:30:00.000Z')
    expect(ukLocalTime(undefined)).toBeNull()
    expect(ukLocalTime('17/09/2016')).toBeNull()
  })
})

describe('coverage notes', () => {
  it('match by force, month and data set', () => {
    const ids = (query: object) => findCoverageNotes(query).map((note) => note.id)
    const force = 'greater-manchester'
    expect(ids({ force, month: '2019-06', dataset: 'crimes' })).toEqual([])
    expect(ids({ force, month: '2019-07', dataset: 'crimes' })).toEqual(['greater-manchester-none'])
    expect(ids({ force: 'northern-ireland', dataset: 'stops' })).toEqual([
      'northern-ireland-crimes-only',
    ])
    expect(ids({ force: 'btp', dataset: 'crimes' })).toEqual(['btp-stations'])
    expect(ids({ force: 'kent', dataset: 'outcomes', month: '2024-01' })).toEqual([
      'court-results-unpublished',
    ])
  })
})
