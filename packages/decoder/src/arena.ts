import { OptionError } from './errors.js'
import { type WasmMemory, webAssembly } from './wasm/web-assembly.js'

const PAGE = 65_536
const ALIGNMENT = 16

type ViewOf = {
  u8: Uint8Array
  u16: Uint16Array
  i16: Int16Array
  u32: Uint32Array
  i32: Int32Array
  f64: Float64Array
}

/** Element kinds of an {@link Arena} allocation. */
export type Element = keyof ViewOf

const SIZE: Record<Element, number> = { u8: 1, u16: 2, i16: 2, u32: 4, i32: 4, f64: 8 }

/**
 * One block of memory that all arrays of a decoding are taken from, so that generated code reaches
 * input, tables and columns by plain addresses. It never grows: views stay valid for its life.
 * Pages that are never touched cost nothing.
 */
export class Arena {
  /** The memory generated code imports; null where WebAssembly is not available. */
  readonly memory: WasmMemory | null
  readonly bytes: Uint8Array
  readonly pages: number
  #used = ALIGNMENT

  static readonly #byBuffer = new WeakMap<ArrayBufferLike, Arena>()

  /** The arena with a memory for generated code that an array was taken from, if any. */
  static of({ buffer }: ArrayBufferView): Arena | undefined {
    return Arena.#byBuffer.get(buffer)
  }

  constructor(byteLength: number, wasm: boolean) {
    this.pages = Math.ceil((byteLength + ALIGNMENT) / PAGE) + 1
    if (this.pages > 65_535) {
      throw new OptionError(
        'OPTION_INVALID',
        `a batch of this many rows needs ${this.pages * PAGE} bytes; expected less than 4 GiB, ` +
          'so lower batchRows',
        { option: 'batchRows' },
      )
    }
    const api = wasm ? webAssembly : null
    this.memory = api === null ? null : new api.Memory({ initial: this.pages, maximum: this.pages })
    this.bytes = new Uint8Array(this.memory?.buffer ?? new ArrayBuffer(this.pages * PAGE))
    if (this.memory !== null) Arena.#byBuffer.set(this.memory.buffer, this)
  }

  /** Bytes an allocation takes, alignment included: for sizing the arena beforehand. */
  static sizeOf(element: Element, length: number): number {
    return Math.ceil((SIZE[element] * length) / ALIGNMENT) * ALIGNMENT
  }

  /** Bytes that can still be taken. */
  get room(): number {
    return this.bytes.length - this.#used
  }

  /** A zeroed array; its address is `byteOffset`. */
  take<Kind extends Element>(element: Kind, length: number): ViewOf[Kind] {
    const address = this.#used
    const size = Arena.sizeOf(element, length)
    if (address + size > this.bytes.length) {
      throw new RangeError(`arena of ${this.bytes.length} bytes is too small for ${size} more`)
    }
    this.#used += size
    const { buffer } = this.bytes
    switch (element) {
      case 'u8':
        return new Uint8Array(buffer, address, length) as ViewOf[Kind]
      case 'u16':
        return new Uint16Array(buffer, address, length) as ViewOf[Kind]
      case 'i16':
        return new Int16Array(buffer, address, length) as ViewOf[Kind]
      case 'u32':
        return new Uint32Array(buffer, address, length) as ViewOf[Kind]
      case 'i32':
        return new Int32Array(buffer, address, length) as ViewOf[Kind]
      case 'f64':
        return new Float64Array(buffer, address, length) as ViewOf[Kind]
    }
  }
}
