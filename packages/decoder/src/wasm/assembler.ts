/**
 * A small WebAssembly assembler: just the instructions the decoders need.
 *
 * Functions are written as a sequence of calls on {@link Code}; `assemble` wraps them in a module
 * that imports its memory as `env.memory`. Instruction names follow the text format.
 */

export const I32 = 0x7f
export const I64 = 0x7e
export const F64 = 0x7c
export const V128 = 0x7b
export type ValueType = typeof I32 | typeof I64 | typeof F64 | typeof V128

const VOID_BLOCK = 0x40

/** Unsigned LEB128. */
function unsigned(out: number[], value: number): void {
  let rest = value >>> 0
  while (rest > 0x7f) {
    out.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  out.push(rest)
}

/** Signed LEB128 of a 32-bit value. */
function signed32(out: number[], value: number): void {
  let rest = value | 0
  while (rest < -0x40 || rest > 0x3f) {
    out.push((rest & 0x7f) | 0x80)
    rest >>= 7
  }
  out.push(rest & 0x7f)
}

/** Signed LEB128 of a 64-bit value. */
function signed64(out: number[], value: bigint): void {
  let rest = BigInt.asIntN(64, value)
  for (;;) {
    const byte = Number(rest & 0x7fn)
    rest >>= 7n
    if ((rest === 0n && (byte & 0x40) === 0) || (rest === -1n && (byte & 0x40) !== 0)) {
      out.push(byte)
      return
    }
    out.push(byte | 0x80)
  }
}

/** Body of one function under construction. */
export class Code {
  readonly bytes: number[] = []
  readonly locals: ValueType[] = []
  readonly #parameterCount: number

  constructor(parameterCount: number) {
    this.#parameterCount = parameterCount
  }

  /** Declares a local and returns its index. */
  local(type: ValueType): number {
    this.locals.push(type)
    return this.#parameterCount + this.locals.length - 1
  }

  #op(...bytes: readonly number[]): this {
    for (const byte of bytes) this.bytes.push(byte)
    return this
  }

  #index(op: number, index: number): this {
    this.bytes.push(op)
    unsigned(this.bytes, index)
    return this
  }

  #memory(op: number, offset: number, simd = false): this {
    if (simd) this.bytes.push(0xfd)
    this.bytes.push(op)
    this.bytes.push(0) // alignment hint: none promised
    unsigned(this.bytes, offset)
    return this
  }

  #simd(op: number): this {
    this.bytes.push(0xfd)
    unsigned(this.bytes, op)
    return this
  }

  // Control.
  block = (): this => this.#op(0x02, VOID_BLOCK)
  loop = (): this => this.#op(0x03, VOID_BLOCK)
  if = (): this => this.#op(0x04, VOID_BLOCK)
  /** An `if` whose branches each leave an i32. */
  if32 = (): this => this.#op(0x04, I32)
  else = (): this => this.#op(0x05)
  end = (): this => this.#op(0x0b)
  br = (depth: number): this => this.#index(0x0c, depth)
  brIf = (depth: number): this => this.#index(0x0d, depth)
  return = (): this => this.#op(0x0f)
  call = (functionIndex: number): this => this.#index(0x10, functionIndex)
  select = (): this => this.#op(0x1b)

  // Locals.
  get = (index: number): this => this.#index(0x20, index)
  set = (index: number): this => this.#index(0x21, index)
  tee = (index: number): this => this.#index(0x22, index)

  // Constants.
  i32(value: number): this {
    this.bytes.push(0x41)
    signed32(this.bytes, value)
    return this
  }

  i64(value: bigint): this {
    this.bytes.push(0x42)
    signed64(this.bytes, value)
    return this
  }

  // Memory; the address is on the stack, `offset` is added to it.
  load32 = (offset: number): this => this.#memory(0x28, offset)
  load64 = (offset: number): this => this.#memory(0x29, offset)
  loadF64 = (offset: number): this => this.#memory(0x2b, offset)
  load8u = (offset: number): this => this.#memory(0x2d, offset)
  load16s = (offset: number): this => this.#memory(0x2e, offset)
  load16u = (offset: number): this => this.#memory(0x2f, offset)
  store32 = (offset: number): this => this.#memory(0x36, offset)
  store64 = (offset: number): this => this.#memory(0x37, offset)
  storeF64 = (offset: number): this => this.#memory(0x39, offset)
  store8 = (offset: number): this => this.#memory(0x3a, offset)
  store16 = (offset: number): this => this.#memory(0x3b, offset)
  loadV128 = (offset: number): this => this.#memory(0x00, offset, true)
  storeV128 = (offset: number): this => this.#memory(0x0b, offset, true)
  /** Takes destination, source and length; the ranges may overlap. */
  copyMemory = (): this => this.#op(0xfc, 0x0a, 0x00, 0x00)
  /** Takes destination, value of a byte, and length. */
  fillMemory = (): this => this.#op(0xfc, 0x0b, 0x00)

  // i32.
  eqz = (): this => this.#op(0x45)
  eq = (): this => this.#op(0x46)
  ne = (): this => this.#op(0x47)
  ltS = (): this => this.#op(0x48)
  ltU = (): this => this.#op(0x49)
  gtS = (): this => this.#op(0x4a)
  gtU = (): this => this.#op(0x4b)
  leU = (): this => this.#op(0x4d)
  geS = (): this => this.#op(0x4e)
  geU = (): this => this.#op(0x4f)
  add = (): this => this.#op(0x6a)
  sub = (): this => this.#op(0x6b)
  mul = (): this => this.#op(0x6c)
  remU = (): this => this.#op(0x70)
  and = (): this => this.#op(0x71)
  or = (): this => this.#op(0x72)
  xor = (): this => this.#op(0x73)
  shl = (): this => this.#op(0x74)
  shrU = (): this => this.#op(0x76)

  // i64.
  eqz64 = (): this => this.#op(0x50)
  eq64 = (): this => this.#op(0x51)
  ne64 = (): this => this.#op(0x52)
  popcnt64 = (): this => this.#op(0x7b)
  ctz64 = (): this => this.#op(0x7a)
  add64 = (): this => this.#op(0x7c)
  sub64 = (): this => this.#op(0x7d)
  mul64 = (): this => this.#op(0x7e)
  and64 = (): this => this.#op(0x83)
  or64 = (): this => this.#op(0x84)
  xor64 = (): this => this.#op(0x85)
  shl64 = (): this => this.#op(0x86)
  shrU64 = (): this => this.#op(0x88)
  wrap = (): this => this.#op(0xa7)
  extendU = (): this => this.#op(0xad)

  // f64.
  addF64 = (): this => this.#op(0xa0)
  convertI64 = (): this => this.#op(0xb9)
  convertI32U = (): this => this.#op(0xb8)

  // v128.
  splat8 = (): this => this.#simd(0x0f)
  eq8 = (): this => this.#simd(0x23)
  xorV = (): this => this.#simd(0x51)
  bitmask8 = (): this => this.#simd(0x64)
}

/** One function of a module. */
export interface WasmFunction {
  readonly name: string
  readonly parameters: readonly ValueType[]
  readonly results: readonly ValueType[]
  readonly code: Code
}

function section(id: number, content: readonly number[]): number[] {
  const out = [id]
  unsigned(out, content.length)
  return out.concat(content)
}

function vector(items: readonly (readonly number[])[]): number[] {
  const out: number[] = []
  unsigned(out, items.length)
  return out.concat(...items)
}

function name(text: string): number[] {
  const bytes = [...new TextEncoder().encode(text)]
  const out: number[] = []
  unsigned(out, bytes.length)
  return out.concat(bytes)
}

/** Bytes of a module whose functions, all exported, work on the imported memory `env.memory`. */
export function assemble(
  functions: readonly WasmFunction[],
  memory: {
    readonly initialPages: number
    readonly maximumPages: number
    readonly shared: boolean
  },
): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters, results }) => [
    0x60,
    ...vector(parameters.map((type) => [type])),
    ...vector(results.map((type) => [type])),
  ])
  const limits: number[] = [memory.shared ? 3 : 1]
  unsigned(limits, memory.initialPages)
  unsigned(limits, memory.maximumPages)
  const imports = [[...name('env'), ...name('memory'), 0x02, ...limits]]
  const bodies = functions.map(({ code }) => {
    const locals = code.locals.map((type) => [1, type])
    const body = [...vector(locals)].concat(code.bytes, [0x0b])
    const out: number[] = []
    unsigned(out, body.length)
    return out.concat(body)
  })
  const indexes = functions.map((_, index) => {
    const out: number[] = []
    unsigned(out, index)
    return out
  })
  return new Uint8Array(
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00].concat(
      section(1, vector(types)),
      section(2, vector(imports)),
      section(3, vector(indexes)),
      section(
        7,
        vector(functions.map((fn, index) => [...name(fn.name), 0x00, ...indexes[index]!])),
      ),
      section(10, vector(bodies)),
    ),
  )
}
