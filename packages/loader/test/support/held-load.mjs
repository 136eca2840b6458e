// Loads a file in a process of its own, and waits within its rows for a line on its input.
//   node held-load.mjs <url> <file>
// Prints "staging" once it holds its lock, and at the end what became of the load.
import { once } from 'node:events'
import { load, openDestination } from '../../dist/index.js'
import { nibrsFile } from '../../dist/sources/index.js'

const [url, file] = process.argv.slice(2)
process.stdin.once('end', () => process.exit(1)) // Whoever would let it go on is gone.

function held(reading) {
  return {
    progress: () => reading.progress(),
    accounting: () => reading.accounting(),
    async *[Symbol.asyncIterator]() {
      let isFirst = true
      for await (const batch of reading) {
        if (isFirst) {
          isFirst = false
          const told = once(process.stdin, 'data')
          process.stdout.write('staging\n')
          await told
        }
        yield batch
      }
    },
  }
}

const source = nibrsFile(file)
const result = await load({
  source: {
    ...source,
    async *slices(context) {
      for await (const slice of source.slices(context)) {
        yield { ...slice, read: (options) => held(slice.read(options)) }
      }
    },
  },
  destination: openDestination(url),
})
process.stdout.write(`${result.status}\n`)
process.exit(0)
