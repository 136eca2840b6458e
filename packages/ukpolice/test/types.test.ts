import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  type CaseHistory,
  coordinates,
  type Crime,
  createClient,
  type LatLng,
  type Month,
  type Outcome,
  type PoliceClient,
  type Rows,
  type Stop,
} from '../src/index.js'
import type { Archive, ArchiveCrime, ArchiveRow } from '../src/archive/index.js'
import type * as types from '../src/index.js'
import type { ShapeOutput } from '../src/shapes.js'

// `tsc` is the judge here: a line marked as an error that compiles is an error itself.

const at: LatLng = { lat: 52.63, lng: -1.13 }
const within = [at, at, at]

describe('types', () => {
  it('do not let illegal mixes of areas compile', () => {
    const check = (police: PoliceClient) => {
      void police.crimes.street({ at })
      void police.crimes.street({ within, month: '2024-01' })
      // @ts-expect-error a point and a polygon at once
      void police.crimes.street({ at, within })
      // @ts-expect-error no area at all
      void police.crimes.street({ month: '2024-01' })
      // @ts-expect-error map locations belong to atLocation
      void police.crimes.street({ location: 1 })
      // @ts-expect-error a polygon where only a location or its nearest point works
      void police.crimes.atLocation({ within })
      void police.crimes.atLocation({ location: 1 })
      // @ts-expect-error a location and a point at once
      void police.crimes.atLocation({ location: 1, at })
      // @ts-expect-error an area of any size is a polygon
      void police.crimes.streetTiled({ at })
      void police.outcomes.atLocation({ location: 1 })
      // @ts-expect-error three areas at once
      void police.outcomes.atLocation({ location: 1, at, within })
      // @ts-expect-error stops at a location take an id only
      void police.stops.atLocation({ at })
      // @ts-expect-error a month range is either since or months
      police.months({ since: '2024-01', months: ['2024-01'] }, () => Promise.resolve(1))
      // @ts-expect-error the service calls it date, this client calls it month
      void police.crimes.street({ at, date: '2024-01' })
      // @ts-expect-error a misspelt option
      createClient({ useragent: 'x' })
    }
    expect(check).toBeTypeOf('function')
  })

  it('say what the service really answers', () => {
    expectTypeOf<Crime['location']>().toExtend<{ readonly latitude: string } | null>()
    expectTypeOf<Crime['id']>().toEqualTypeOf<number>()
    expectTypeOf<null>().toExtend<CaseHistory['outcomes']>()
    expectTypeOf<false>().toExtend<Stop['outcome']>()
    expectTypeOf<undefined>().toExtend<Stop['outcome_object']>()
    expectTypeOf<'a word of tomorrow'>().toExtend<Crime['category']>()
    expectTypeOf<string>().toExtend<Month>()
    const check = (police: PoliceClient) => {
      expectTypeOf(police.crimes.street({ at })).resolves.toEqualTypeOf<Rows<Crime>>()
      expectTypeOf(police.request('forces')).resolves.toEqualTypeOf<unknown>()
    }
    expect(check).toBeTypeOf('function')
  })

  it('are what the runtime checks let through', () => {
    const passes = {
      availability: (value: ShapeOutput<'availability'>): readonly types.Availability[] => value,
      lastUpdated: (value: ShapeOutput<'lastUpdated'>): types.LastUpdated => value,
      categories: (value: ShapeOutput<'categories'>): readonly types.Category[] => value,
      crimes: (value: ShapeOutput<'crimes'>): readonly Crime[] => value,
      outcomes: (value: ShapeOutput<'outcomes'>): readonly Outcome[] => value,
      caseHistory: (value: ShapeOutput<'caseHistory'>): CaseHistory => value,
      forces: (value: ShapeOutput<'forces'>): readonly types.Force[] => value,
      force: (value: ShapeOutput<'force'>): types.ForceDetail => value,
      officers: (value: ShapeOutput<'officers'>): readonly types.Officer[] => value,
      neighbourhoods: (value: ShapeOutput<'neighbourhoods'>): readonly types.Neighbourhood[] =>
        value,
      neighbourhood: (value: ShapeOutput<'neighbourhood'>): types.NeighbourhoodDetail => value,
      boundary: (value: ShapeOutput<'boundary'>): readonly types.TextPosition[] => value,
      events: (value: ShapeOutput<'events'>): readonly types.NeighbourhoodEvent[] => value,
      priorities: (value: ShapeOutput<'priorities'>): readonly types.NeighbourhoodPriority[] =>
        value,
      located: (value: ShapeOutput<'located'>): types.LocatedNeighbourhood => value,
      stops: (value: ShapeOutput<'stops'>): readonly Stop[] => value,
    } satisfies Record<types.ShapeName, unknown>
    expect(Object.keys(passes)).toHaveLength(16)
  })

  it('let helpers take rows of the API and of the archive', () => {
    expectTypeOf(coordinates).toBeCallableWith({} as Crime)
    expectTypeOf(coordinates).toBeCallableWith({} as ArchiveCrime)
    const check = (archive: Archive) => {
      expectTypeOf(archive.rows('street')).toEqualTypeOf<AsyncGenerator<ArchiveRow<ArchiveCrime>>>()
      // @ts-expect-error there is no such data set
      void archive.rows('crimes')
    }
    expect(check).toBeTypeOf('function')
  })
})
