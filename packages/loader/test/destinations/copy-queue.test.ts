import { describe, expect, it } from 'vitest'
import { CopyQueue } from '../../src/destinations/copy-queue.js'

const KIB = 1024
const COLUMNS = new Map([
  ['a', ['x', 'y']],
  ['b', ['x']],
])

/** A queue over a server that answers when told to. */
function queue() {
  const statements: string[] = []
  const sent: Uint8Array[][] = []
  const taken: Uint8Array[] = []
  const failures: unknown[] = []
  const answers: { resolve(count: number): void; reject(error: unknown): void }[] = []
  const copies = new CopyQueue(
    (_table, statement, _format, chunks) => {
      statements.push(statement)
      sent.push([...chunks])
      return new Promise((resolve, reject) => answers.push({ resolve, reject }))
    },
    COLUMNS,
    {
      onTaken: (chunks) => taken.push(...chunks),
      onFailed: (error) => failures.push(error),
    },
  )
  const answer = async (result: number | Error) => {
    const { resolve, reject } = answers.shift()!
    if (result instanceof Error) reject(result)
    else resolve(result)
    await new Promise((done) => setImmediate(done))
  }
  return { copies, statements, sent, taken, failures, answer }
}

describe('rows that wait for their COPY', () => {
  it('go together, those of the table with the most first', async () => {
    const { copies, statements, sent, taken, answer } = queue()
    const [first, small, large, more] = [300, 10, 300, 200].map((n) => new Uint8Array(n * KIB))
    copies.add('a', 'binary', first!)
    copies.add('a', 'binary', small!)
    copies.add('b', 'binary', large!)
    copies.add('b', 'binary', more!)
    expect(statements).toEqual(['COPY "a" ("x", "y") FROM STDIN (FORMAT binary)'])
    expect(taken).toEqual([])
    await answer(3)
    expect(statements).toHaveLength(2)
    expect(sent[1]).toEqual([large, more])
    expect(taken).toEqual([first])
    await answer(5)
    expect(statements).toHaveLength(2) // The rest is not worth a COPY yet.
    const finished = copies.finish()
    await answer(1)
    expect(await finished).toEqual(
      new Map([
        ['a', 4],
        ['b', 5],
      ]),
    )
    expect(taken).toEqual([first, large, more, small])
  })

  it('of two formats go apart', async () => {
    const { copies, statements, answer } = queue()
    copies.add('b', 'csv', new Uint8Array(1))
    copies.add('b', 'binary', new Uint8Array(2))
    const finished = copies.finish()
    await answer(1)
    await answer(1)
    expect(statements.map((text) => text.slice(-8))).toEqual([' binary)', 'MAT csv)'])
    expect(await finished).toEqual(new Map([['b', 2]]))
  })

  it('are not sent after a COPY that failed', async () => {
    const { copies, statements, failures, answer } = queue()
    const error = new Error('refused')
    copies.add('a', 'binary', new Uint8Array(300 * KIB))
    copies.add('b', 'binary', new Uint8Array(300 * KIB))
    await answer(error)
    copies.add('b', 'binary', new Uint8Array(300 * KIB))
    expect(failures).toEqual([error])
    expect(statements).toHaveLength(1)
    await expect(copies.finish()).rejects.toBe(error)
    await copies.drop()
  })
})
