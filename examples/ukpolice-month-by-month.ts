// Counts the crimes of an area by category, month by month, and says what is missing.
//
//   node --experimental-strip-types examples/ukpolice-month-by-month.ts   (Node 22 or later)
import { createClient } from '@ukpolice/client'

const police = createClient({ userAgent: 'ukpolice-example/1.0' })
const within = [
  { lat: 52.6, lng: -1.2 },
  { lat: 52.6, lng: -1.05 },
  { lat: 52.68, lng: -1.05 },
  { lat: 52.68, lng: -1.2 },
]

const [, since] = (await police.availability.months()).slice(-3)
const run = police.months({ since: since ?? '2026-07' }, (month, signal) =>
  police.crimes.streetAll({ month, within }, { signal }),
)
const missing = new Set<string>()
for await (const result of run) {
  if (result.status !== 'done') {
    console.error(`${result.month}: ${result.status}`)
    continue
  }
  const counts = new Map<string, number>()
  for (const crime of result.value) {
    counts.set(crime.category, (counts.get(crime.category) ?? 0) + 1)
  }
  for (const note of result.value.coverage) missing.add(`${note.text} (${note.knownOn})`)
  const top = [...counts].sort(([, a], [, b]) => b - a).slice(0, 3)
  console.log(result.month, result.value.length, top.map(([name, n]) => `${name} ${n}`).join(', '))
}
for (const text of missing) console.log('note:', text)
if (run.remaining.length > 0) process.exitCode = 1
