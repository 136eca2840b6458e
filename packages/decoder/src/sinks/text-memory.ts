import { webAssembly, type WasmMemory } from '../wasm/web-assembly.js'

const PAGE_BYTES = 65_536
const MAX_PAGES = 32_768
const ALIGNMENT = 64

/**
 * The memory of one text writer: generated code reaches columns, tables and output in it by plain
 * addresses. It grows, so views must be made anew after each `take`.
 */
export class TextMemory {
  readonly memory: WasmMemory & { grow(pages: number): number }
  bytes: Uint8Array
  #used = ALIGNMENT

  constructor() {
    const memory = new webAssembly!.Memory({ initial: 1, maximum: MAX_PAGES })
    this.memory = memory as TextMemory['memory']
    this.bytes = new Uint8Array(this.memory.buffer)
  }

  /** Takes `size` bytes of unspecified content and returns their address. */
  take(size: number): number {
    const address = this.#used
    this.#used = Math.ceil((address + size) / ALIGNMENT) * ALIGNMENT
    if (this.#used > this.bytes.length) {
      this.memory.grow(Math.ceil((this.#used - this.bytes.length) / PAGE_BYTES))
      this.bytes = new Uint8Array(this.memory.buffer)
    }
    return address
  }

  /** Copies an array into room of its own and returns its address. */
  place(array: Uint8Array | Int32Array): number {
    const address = this.take(array.byteLength)
    this.bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), address)
    return address
  }

  /** Bytes taken so far. */
  get used(): number {
    return this.#used
  }

  /** Gives up all that was taken since `used` was this. */
  release(used: number): void {
    this.#used = used
  }
}
