import { parentPort, workerData } from 'node:worker_threads'
import { type FinishMessage, sendable, type WorkerMessage, type WorkerStart } from './messages.js'
import { RingReader } from './ring.js'
import { SegmentGroup } from './segment-group.js'

/** A worker thread: reads every slot of the ring, decodes and writes its own segments. */

const port = parentPort!
const { ring, worker, plan } = workerData as WorkerStart
const send = (message: WorkerMessage): void => port.postMessage(message)

async function run(): Promise<void> {
  const group = new SegmentGroup(plan, (issues) => send({ type: 'issues', issues }))
  await group.start()
  const reader = new RingReader(ring, worker)
  for (;;) {
    const bytes = reader.take()
    if (bytes === null) break
    await group.feed(bytes)
    reader.release()
  }
  if (reader.aborted) {
    port.close()
    return
  }
  await group.endInput()
  const finish = new Promise<FinishMessage>((resolve) => {
    port.once('message', (message: FinishMessage) => resolve(message))
  })
  send({ type: 'decoded', stats: group.stats })
  const { metadata } = await finish
  send({ type: 'finished', files: await group.finish(metadata) })
  port.close()
}

run().catch((error: unknown) => {
  send({ type: 'failed', error: sendable(error) })
  port.close()
})
