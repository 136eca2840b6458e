import { parentPort, workerData } from 'node:worker_threads'
import { type MainMessage, sendable, type WorkerMessage, type WorkerStart } from './messages.js'
import { SegmentGroup } from './segment-group.js'

/** A worker thread: is given every chunk of the input, decodes and writes its own segments. */

const port = parentPort!
const { plan } = workerData as WorkerStart
const send = (message: WorkerMessage, transfer: readonly ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer)

const group = new SegmentGroup(plan, (issues) => send({ type: 'issues', issues }))

async function take(message: MainMessage): Promise<void> {
  switch (message.type) {
    case 'chunk': {
      const { buffer, byteCount } = message
      await group.feed(new Uint8Array(buffer, 0, byteCount))
      send({ type: 'used', buffer }, [buffer])
      return
    }
    case 'end':
      await group.endInput()
      send({ type: 'decoded', stats: group.stats })
      return
    case 'finish':
      send({ type: 'finished', files: await group.finish(message.metadata) })
      port.close()
  }
}

/** Messages are dealt with one after the other; after an error none is. */
let work = group.start()
port.on('message', (message: MainMessage) => {
  work = work.then(() => take(message))
  work.catch(fail)
})
work.catch(fail)

let failed = false
function fail(error: unknown): void {
  if (failed) return
  failed = true
  send({ type: 'failed', error: sendable(error) })
  port.close()
}
