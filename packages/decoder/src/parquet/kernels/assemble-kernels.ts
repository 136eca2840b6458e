import { assemble } from '../../wasm/assembler.js'
import { dictionaryKernels } from './dictionary-kernels.js'
import { eightKernel } from './eight-kernel.js'
import { hybridKernels, levelsKernel, markKernels, packKernels } from './index-kernels.js'
import { nullKernels } from './null-kernels.js'
import {
  deltasKernel,
  doubleRangeKernel,
  internKernels,
  rangeKernels,
  rankKernel,
  validKernels,
} from './number-kernels.js'
import { twelveKernel } from './twelve-kernel.js'

/**
 * The module of all kernels. What runs is the copy of it in `kernel-module.ts`, so that starting a
 * writer takes no assembling; a test holds the two equal.
 */
export function assembleKernels(): Uint8Array {
  // The packing kernels come first, so that those that call them know their function indexes.
  const packing = packKernels()
  const functions = [
    ...packing,
    ...nullKernels(),
    ...markKernels(),
    ...dictionaryKernels(),
    ...hybridKernels(0),
    levelsKernel(),
    deltasKernel(packing.length - 1),
    ...rangeKernels(),
    doubleRangeKernel(),
    ...validKernels(),
    ...internKernels(),
    rankKernel(),
    twelveKernel(),
    eightKernel(),
  ]
  return assemble(functions, { initialPages: 1, maximumPages: 65_536, shared: false })
}
