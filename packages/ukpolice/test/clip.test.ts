import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { LatLng } from '../src/index.js'
import { clipToCell } from '../src/clip.js'

/** Membership by the even-odd rule, for points that lie on no edge. */
function holds(rings: readonly (readonly LatLng[])[], { lat, lng }: LatLng): boolean {
  let inside = false
  for (const ring of rings) {
    ring.forEach((to, index) => {
      const from = ring[(index + ring.length - 1) % ring.length] as LatLng
      if (from.lat > lat === to.lat > lat) return
      const at = from.lng + ((to.lng - from.lng) * (lat - from.lat)) / (to.lat - from.lat)
      if (lng < at) inside = !inside
    })
  }
  return inside
}

const corner = fc.record({
  lat: fc.integer({ min: 0, max: 12 }),
  lng: fc.integer({ min: 0, max: 12 }),
})
const side = fc.integer({ min: 0, max: 11 })
const length = fc.integer({ min: 1, max: 6 })

it('cutting to a cell keeps what is inside, for any rings, touching the cell or crossing themselves', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(corner, { minLength: 3, maxLength: 9 }), { minLength: 1, maxLength: 3 }),
      side,
      side,
      length,
      length,
      (rings, south, west, height, width) => {
        const cell = { south, west, north: south + height, east: west + width }
        const clipped = clipToCell(rings, cell)
        const wrong: LatLng[] = []
        for (let lat = 0.37; lat < 13; lat += 0.731) {
          for (let lng = 0.41; lng < 13; lng += 0.677) {
            const inCell = lat > south && lat < cell.north && lng > west && lng < cell.east
            const wanted = inCell && holds(rings, { lat, lng })
            if (holds(clipped, { lat, lng }) !== wanted) wrong.push({ lat, lng })
          }
        }
        expect(wrong).toEqual([])
      },
    ),
    { numRuns: 500 },
  )
})

it('a concave polygon falls apart into pieces without bridges', () => {
  const comb = [
    { lat: 0, lng: 0 },
    { lat: 0, lng: 5 },
    { lat: 4, lng: 5 },
    { lat: 4, lng: 4 },
    { lat: 1, lng: 4 },
    { lat: 1, lng: 3 },
    { lat: 4, lng: 3 },
    { lat: 4, lng: 0 },
  ]
  const pieces = clipToCell([comb], { south: 2, west: -9, north: 9, east: 9 })
  expect(pieces.map((piece) => piece.length)).toEqual([4, 4])
})
