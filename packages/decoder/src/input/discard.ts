import { MessageChannel, type MessagePort } from 'node:worker_threads'

let drain: MessagePort | null = null

/**
 * Frees the memory under an array now and not at the next collection: the array and all others over
 * the same memory become empty.
 *
 * What is sent to a closed port is taken from the sender and dropped. `ArrayBuffer.transfer(0)`
 * does the same from Node 22 on.
 */
export function discard({ buffer }: Uint8Array): void {
  if (drain === null) {
    const { port1, port2 } = new MessageChannel()
    port1.close()
    port2.close()
    drain = port1
  }
  drain.postMessage(null, [buffer as ArrayBuffer])
}
