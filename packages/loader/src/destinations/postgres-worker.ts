// The thread that connections for loads are on; see postgres-thread.ts.
import { type MessagePort, parentPort } from 'node:worker_threads'
import type { Asked, Opened, Told } from './postgres-messages.js'
import { type Copies, DirectWire, faultOf, loadDrivers } from './postgres-wire.js'

parentPort!.on('message', ({ port, url }: Opened) => serve(port, url))
// Loaded while the other thread opens its input; the first connection tells when that fails.
loadDrivers().catch(() => {})

function serve(port: MessagePort, url: string): void {
  const wire = new DirectWire(url)
  const numbers = new Map<Uint8Array, number>()
  let copies: Copies | null = null
  const tell = (told: Told) => port.postMessage(told)

  function openCopies(columns: ReadonlyMap<string, readonly string[]>): void {
    copies = wire.openCopies(columns, {
      onTaken(chunks) {
        tell({ kind: 'taken', numbers: chunks.map((chunk) => numbers.get(chunk)!) })
        for (const chunk of chunks) numbers.delete(chunk)
      },
      onFailed(error) {
        numbers.clear()
        tell({ kind: 'copyFailed', fault: faultOf(error, false) })
      },
    })
  }

  async function answer(asked: Asked): Promise<unknown> {
    switch (asked.kind) {
      case 'connect':
        return wire.connect()
      case 'query':
        return wire.query(asked.text, asked.values)
      case 'openCopies':
        return openCopies(asked.columns)
      case 'rows':
        numbers.set(asked.bytes, asked.number)
        return copies!.add(asked.table, asked.format, asked.bytes)
      case 'finish':
        return copies!.finish()
      case 'drop':
        return copies!.drop()
      case 'destroy':
        return wire.destroy()
      case 'end':
        return wire.end()
    }
  }

  port.on('message', (asked: Asked) => {
    const { call } = asked
    answer(asked).then(
      (result) => {
        if (call !== undefined) tell({ kind: 'done', call, result })
      },
      (error: unknown) => {
        if (call !== undefined) tell({ kind: 'failed', call, fault: faultOf(error, false) })
      },
    )
  })
  // The other side is gone, with its process or before.
  port.on('close', () => wire.destroy())
}
