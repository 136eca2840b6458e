// Counts assaults by what the victim was to the offender, from whole incidents with labels:
//   npm run example -- examples/incidents.ts nibrs-2022.zip
import { decode, detectSpec, incidents, openInput } from '@nibrs/decoder'

const [file = 'nibrs-2022.zip'] = process.argv.slice(2)
const { spec, source } = await detectSpec(openInput(file))
const counts = new Map<string | null, number>()
for await (const incident of incidents(decode(source, spec), { labels: true })) {
  for (const victim of incident.victims) {
    if (!victim.linkedOffenses.some((offense) => offense.offense_code === '13A')) continue
    for (const { relationship_label: label = null } of victim.relationships) {
      counts.set(label, (counts.get(label) ?? 0) + 1)
    }
  }
}
const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 10)
for (const [label, count] of most) console.log(`${count}  ${label}`)
