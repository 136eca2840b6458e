import { I32, V128, type WasmFunction } from '../../wasm/assembler.js'
import { KernelCode } from './kernel-code.js'
import { NO_RANK } from './kernels.js'

/**
 * `collect(marks, end, ranks, seen, result)`: least and greatest rank to two words at `result`, and
 * `place(seen, end, order, used, places) -> how many`. See `Kernels`.
 *
 * Both look for bytes that are not zero sixteen at a time and clear them. What is read up to the
 * next multiple of sixteen must be zero.
 */
export function dictionaryKernels(): readonly WasmFunction[] {
  return [collectKernel(), placeKernel()]
}

function collectKernel(): WasmFunction {
  const [marks, end, ranks, seen, result] = [0, 1, 2, 3, 4]
  const c = new KernelCode(5)
  const min = c.local(I32)
  const max = c.local(I32)
  const rank = c.local(I32)
  c.i32(NO_RANK).set(min)
  eachByte(c, marks, end, ranks, () => {
    c.load32(0).set(rank)
    c.get(seen).get(rank).add().i32(1).store8(0)
    c.get(rank).get(min).get(rank).get(min).ltU().select().set(min)
    c.get(rank).get(max).get(rank).get(max).gtU().select().set(max)
  })
  c.get(result).get(min).store32(0)
  c.get(result).get(max).store32(4)
  return { name: 'collect', parameters: [I32, I32, I32, I32, I32], results: [], code: c }
}

function placeKernel(): WasmFunction {
  const [seen, end, order, used, places] = [0, 1, 2, 3, 4]
  const c = new KernelCode(5)
  const entry = c.local(I32)
  const count = c.local(I32)
  eachByte(c, seen, end, order, () => {
    c.load32(0).set(entry)
    c.get(used).get(entry).store32(0)
    c.get(places).get(entry).i32(2).shl().add().get(count).store32(0)
    c.bump(used, 4).bump(count, 1)
  })
  c.get(count)
  return { name: 'place', parameters: [I32, I32, I32, I32, I32], results: [I32], code: c }
}

/**
 * Runs `body` for each byte from `at` to `end` that is not zero, with the address of the word that
 * goes with it on the stack; clears the bytes.
 */
function eachByte(c: KernelCode, at: number, end: number, words: number, body: () => void): void {
  const bits = c.local(I32)
  const zero = c.local(V128)
  c.block().loop()
  c.get(at).get(end).geU().brIf(1)
  c.get(at).loadV128(0).get(zero).eq8().bitmask8().i32(0xffff).xor().tee(bits).if()
  c.get(at).get(zero).storeV128(0)
  c.loop()
  c.get(words).get(bits).ctz().i32(2).shl().add()
  body()
  c.get(bits).get(bits).i32(1).sub().and().tee(bits).brIf(0)
  c.end().end()
  c.bump(at, 16).bump(words, 64).br(0).end().end()
}
