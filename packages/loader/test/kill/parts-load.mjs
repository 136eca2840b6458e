// Loads rows of its own, in two editions of their table: the second has a column more, and wider
// numbers.
//   node parts-load.mjs <url> <edition> <disposition> <first id> <last id>
import { load, openDestination } from '../../dist/index.js'

const [url, edition, disposition, first, last] = process.argv.slice(2)
const [from, to] = [Number(first), Number(last)]
const isSecond = edition === '2'

const column = (name, type) => ({ name, type, provenance: 'the tests' })
const schema = {
  name: 'part',
  title: 'Parts',
  grain: 'One row per part',
  key: ['id'],
  keepsUnknownKeys: false,
  columns: [
    column('id', { kind: 'integer', bits: 32 }),
    column('amount', { kind: 'integer', bits: isSecond ? 64 : 32 }),
    ...(isSecond ? [column('note', { kind: 'text' })] : []),
  ],
}
const rows = []
for (let id = from; id <= to; id++) {
  const values = isSecond ? [id, id * 1_000_000_000, `note ${id}`] : [id, id * 7]
  rows.push({ sourceRecord: id, values })
}
const BATCH_ROWS = 50

const source = {
  kind: 'parts',
  name: 'parts',
  async *slices() {
    yield {
      slice: [{ name: 'shop', type: 'text', value: disposition === 'merge' ? edition : 'a' }],
      tables: [schema],
      provenance: { spec: `parts@${edition}`, specRevision: null, producedBy: 'tests 1.0.0' },
      contract: 'evolve',
      fingerprint: null,
      files: [],
      expectedRows: rows.length,
      state: { edition },
      rereadable: true,
      read: () => ({
        progress: () => ({ done: 0, total: null, unit: 'requests' }),
        accounting: () => [
          {
            table: 'part',
            records: rows.length,
            rows: rows.length,
            joined: 0,
            withheld: 0,
            notSelected: 0,
          },
        ],
        async *[Symbol.asyncIterator]() {
          for (let start = 0; start < rows.length; start += BATCH_ROWS) {
            const batch = rows.slice(start, start + BATCH_ROWS)
            yield { kind: 'rows', table: 'part', rows: batch, issues: [] }
          }
        },
      }),
    }
  },
}

await load({ source, destination: openDestination(url), disposition })
