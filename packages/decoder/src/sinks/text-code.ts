import { Code } from '../wasm/assembler.js'

/** The instructions that writing text takes beyond those of decoding. */
export class TextCode extends Code {
  #raw(...bytes: readonly number[]): this {
    this.bytes.push(...bytes)
    return this
  }

  divU = (): this => this.#raw(0x6e)
  divU64 = (): this => this.#raw(0x80)
  gtU64 = (): this => this.#raw(0x56)
  neF64 = (): this => this.#raw(0x62)
  truncF64 = (): this => this.#raw(0xfc, 0x06)
  or128 = (): this => this.#raw(0xfd, 0x50)
  ltS8 = (): this => this.#raw(0xfd, 0x25)
  ne16 = (): this => this.#raw(0xfd, 0x2e)
  ne32 = (): this => this.#raw(0xfd, 0x38)
  narrow16 = (): this => this.#raw(0xfd, 0x65)
  narrow32 = (): this => this.#raw(0xfd, 0x85, 0x01)

  v128(bytes: Uint8Array): this {
    return this.#raw(0xfd, 0x0c, ...bytes)
  }

  /** Writes an ASCII text at `position` and moves it on; may write up to 15 bytes more. */
  text(text: string, position: number): this {
    const padded = Buffer.alloc(text.length + 16)
    padded.write(text, 'latin1')
    for (let at = 0; at < text.length;) {
      const rest = text.length - at
      this.get(position)
      if (rest > 8) this.v128(padded.subarray(at, at + 16)).storeV128(at)
      else if (rest > 4) this.i64(padded.readBigInt64LE(at)).store64(at)
      else if (rest > 2) this.i32(padded.readInt32LE(at)).store32(at)
      else this.i32(padded.readInt16LE(at)).store16(at)
      at += rest > 8 ? 16 : rest
    }
    return text === '' ? this : this.move(position, text.length)
  }

  /** Adds a constant to a local. */
  move(local: number, by: number): this {
    return this.get(local).i32(by).add().set(local)
  }
}
