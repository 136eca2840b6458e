// Decodes any fixed-width text with a spec of one's own, here written in the script:
//   npm run example -- examples/own-spec.ts
import { decode, openInput, parseSpec, rows } from '@nibrs/decoder'

const spec = await parseSpec(`
format: 1
id: example/stations
version: "1"
revision: 1
title: Weather stations
data_years: [2000, null]
encoding: ascii
segments:
  station:
    length: 16
    fields:
      id:     { pos: 1-4,   type: identifier }
      name:   { pos: 5-11,  type: text }
      height: { pos: 12-15, type: integer, description: Metres above sea level }
      kind:   { pos: 16,    type: code, codes: kind }
code_tables:
  kind:
    title: Kind of station
    codes: { "M": Manned, "A": Automatic }
`)

const text = 'A001SUMMIT 2962A\nB002HARBOUR   4M\n'
const input = openInput(new TextEncoder().encode(text))
for await (const row of rows(decode(input, spec), 'station', { labels: true })) {
  console.log(`${row.id} ${row.name}: ${row.height} m, ${row.kind_label}`)
}
