// Asks the real service a few cheap questions: `npm run live -w @ukpolice/client`. Never run by the
// tests. Prints what differs from what this package knows.
import { checkShape, createClient } from '../../dist/index.js'

const findings = []
const police = createClient({
  userAgent: 'ukpolice-client-live-check/1.0',
  onFinding: (finding, route) => findings.push({ route, ...finding }),
})
const months = await police.availability.months()
console.log(
  'months',
  months[0],
  'to',
  months.at(-1),
  'updated',
  await police.availability.lastUpdated(),
)
console.log('categories', (await police.categories.list()).length)
const forces = await police.forces.list()
console.log('forces', forces.length)
const crimes = await police.crimes.street({ at: { lat: 52.629729, lng: -1.131592 } })
checkShape('crimes', crimes)
console.log('crimes', crimes.length)
const stops = await police.stops.force({ force: 'leicestershire' })
console.log('stops', stops.length, 'published', stops.published)
const { force, neighbourhood } = await police.neighbourhoods.locate({ lat: 52.63, lng: -1.13 })
const within = await police.neighbourhoods.boundary(force, neighbourhood)
console.log('outcomes', (await police.outcomes.atLocationAll({ within })).length)
console.log(findings.length === 0 ? 'nothing unknown' : findings)
