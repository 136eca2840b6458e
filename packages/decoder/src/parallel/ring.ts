/**
 * A ring of slots in shared memory: one thread fills them with input, every worker reads them all.
 *
 * Control words: [0] slots filled so far, [1] state (0: running), [2 + w] slots worker w is done with; then the
 * length of each slot. Counts are of slots since the start and wrap at 2^32 like the arithmetic
 * on them.
 */

export const SLOT_BYTES = 1 << 20
export const SLOT_COUNT = 16

const FILLED = 0
const STATE = 1
const DONE = 2

const ENDED = 1
const ABORTED = 2

/** What a thread needs to open the ring. */
export interface RingMemory {
  readonly data: SharedArrayBuffer
  readonly control: SharedArrayBuffer
  readonly workerCount: number
}

/** Memory of a ring for so many workers. */
export function ringMemory(workerCount: number): RingMemory {
  return {
    data: new SharedArrayBuffer(SLOT_BYTES * SLOT_COUNT),
    control: new SharedArrayBuffer(4 * (DONE + workerCount + SLOT_COUNT)),
    workerCount,
  }
}

type WaitAsync = (
  words: Int32Array,
  index: number,
  value: number,
  timeoutMs: number,
) => { readonly async: boolean; readonly value: Promise<string> | string }

/** The side that fills. */
export class RingWriter {
  readonly #control: Int32Array
  readonly #slots: readonly Uint8Array[]
  readonly #workerCount: number
  #filled = 0

  constructor({ data, control, workerCount }: RingMemory) {
    this.#control = new Int32Array(control)
    this.#slots = slotsOf(data)
    this.#workerCount = workerCount
  }

  /**
   * Waits until a slot is free, without blocking the event loop.
   *
   * @param check called now and then while waiting; throws to give up
   */
  async waitForSlot(check: () => void): Promise<void> {
    const waitAsync = (Atomics as unknown as { readonly waitAsync: WaitAsync }).waitAsync
    for (let worker = 0; worker < this.#workerCount; worker++) {
      for (;;) {
        const done = Atomics.load(this.#control, DONE + worker)
        if (((this.#filled - done) | 0) < SLOT_COUNT) break
        check()
        await waitAsync(this.#control, DONE + worker, done, 100).value
      }
    }
  }

  /** Fills the next slot, which must be free, with at most SLOT_BYTES bytes. */
  fill(bytes: Uint8Array): void {
    const slot = (this.#filled >>> 0) % SLOT_COUNT
    this.#slots[slot]!.set(bytes)
    this.#control[DONE + this.#workerCount + slot] = bytes.length
    this.#filled = (this.#filled + 1) | 0
    Atomics.store(this.#control, FILLED, this.#filled)
    Atomics.notify(this.#control, FILLED)
  }

  /** Says that no slot follows. */
  end(): void {
    this.#setState(ENDED)
  }

  /** Tells workers to stop where they are. */
  abort(): void {
    this.#setState(ABORTED)
  }

  #setState(state: number): void {
    Atomics.store(this.#control, STATE, state)
    Atomics.notify(this.#control, FILLED)
  }
}

/** One worker's side. */
export class RingReader {
  readonly #control: Int32Array
  readonly #slots: readonly Uint8Array[]
  readonly #worker: number
  readonly #lengths: number
  #done = 0

  constructor({ data, control, workerCount }: RingMemory, worker: number) {
    this.#control = new Int32Array(control)
    this.#slots = slotsOf(data)
    this.#worker = worker
    this.#lengths = DONE + workerCount
  }

  /** The next slot's bytes, blocking until there are some; null at the end, or when aborted. */
  take(): Uint8Array | null {
    for (;;) {
      const state = Atomics.load(this.#control, STATE)
      if (state === ABORTED) return null
      if (Atomics.load(this.#control, FILLED) !== this.#done) {
        const slot = (this.#done >>> 0) % SLOT_COUNT
        return this.#slots[slot]!.subarray(0, this.#control[this.#lengths + slot])
      }
      if (state === ENDED) return null
      // The state may change without a slot being filled, so look again now and then.
      Atomics.wait(this.#control, FILLED, this.#done, 50)
    }
  }

  get aborted(): boolean {
    return Atomics.load(this.#control, STATE) === ABORTED
  }

  /** Gives the slot last taken back. */
  release(): void {
    this.#done = (this.#done + 1) | 0
    Atomics.store(this.#control, DONE + this.#worker, this.#done)
    Atomics.notify(this.#control, DONE + this.#worker)
  }
}

function slotsOf(data: SharedArrayBuffer): readonly Uint8Array[] {
  return Array.from(
    { length: SLOT_COUNT },
    (_, slot) => new Uint8Array(data, slot * SLOT_BYTES, SLOT_BYTES),
  )
}
