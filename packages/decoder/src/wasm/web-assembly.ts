/** The parts of the WebAssembly API used here; the compiler's Node types do not declare it. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer
}

interface WasmApi {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (
    module: object,
    imports: Record<string, Record<string, unknown>>,
  ) => { readonly exports: Record<string, unknown> }
  readonly Memory: new (descriptor: {
    readonly initial: number
    readonly maximum: number
    readonly shared?: boolean
  }) => WasmMemory
}

/** The engine's WebAssembly, or null where there is none. */
export const webAssembly: WasmApi | null =
  (globalThis as { readonly WebAssembly?: WasmApi }).WebAssembly ?? null

/** Returns 1 when its lanes compare equal: refused by engines without SIMD. */
const SIMD_PROBE = [
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7f, 0x03,
  0x02, 0x01, 0x00, 0x0a, 0x0a, 0x01, 0x08, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0xfd, 0x53, 0x0b,
]

let available: boolean | null = null

/** True where WebAssembly with SIMD may be compiled from bytes (a policy may forbid it). */
export function hasWasm(): boolean {
  if (available === null) {
    try {
      available = webAssembly !== null
      if (webAssembly !== null) new webAssembly.Module(Uint8Array.from(SIMD_PROBE))
    } catch {
      available = false
    }
  }
  return available
}

/** Compiles a module over `memory` and returns what it exports. */
export function instantiate(
  bytes: Uint8Array<ArrayBuffer>,
  memory: WasmMemory,
): Record<string, unknown> {
  const { Module, Instance } = webAssembly!
  return new Instance(new Module(bytes), { env: { memory } }).exports
}
