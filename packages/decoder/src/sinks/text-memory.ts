import { webAssembly, type WasmMemory } from '../wasm/web-assembly.js'

const PAGE_BYTES = 65_536
const MAX_PAGES = 32_768
const ALIGNMENT = 64

/**
 * Memory that generated code reaches by plain addresses. It grows, so a view of `bytes` is stale
 * after the next `take`.
 *
 * Room is given out in sizes of a power of two from 64 bytes on, so that what is given back fits
 * again. One memory serves all text writers of a sink: each reserves gigabytes of address space,
 * which some machines ration.
 */
export class TextMemory {
  readonly memory: WasmMemory & { grow(pages: number): number }
  bytes: Uint8Array
  #used = ALIGNMENT
  readonly #free = new Map<number, number[]>()

  constructor() {
    const memory = new webAssembly!.Memory({ initial: 1, maximum: MAX_PAGES })
    this.memory = memory as TextMemory['memory']
    this.bytes = new Uint8Array(this.memory.buffer)
  }

  /** Takes `size` bytes of unspecified content and returns their address. */
  take(size: number): number {
    const rounded = roundUp(size)
    const again = this.#free.get(rounded)?.pop()
    if (again !== undefined) return again
    const address = this.#used
    this.#used += rounded
    if (this.#used > this.bytes.length) {
      this.memory.grow(Math.ceil((this.#used - this.bytes.length) / PAGE_BYTES))
      this.bytes = new Uint8Array(this.memory.buffer)
    }
    return address
  }

  /** Gives back what `take` gave for the same size. */
  giveBack(address: number, size: number): void {
    const rounded = roundUp(size)
    const free = this.#free.get(rounded)
    if (free === undefined) this.#free.set(rounded, [address])
    else free.push(address)
  }

  /** Copies an array into room of its own and returns its address. */
  place(array: Uint8Array | Int32Array): number {
    const address = this.take(array.byteLength)
    this.bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), address)
    return address
  }
}

function roundUp(size: number): number {
  let rounded = ALIGNMENT
  while (rounded < size) rounded *= 2
  return rounded
}
