import type { Destination } from '../destinations/contract.js'
import { readStates } from '../loads.js'
import type { LoadedSlice } from '../sources/index.js'
import type { CommandContext } from './context.js'

/** The forces and months of a source kind that a destination holds, with when they were checked. */
export async function loadedSlices(
  destination: Destination,
  sourceKind: string,
  { command, signal }: CommandContext,
): Promise<readonly LoadedSlice[]> {
  const states = await readStates(destination, sourceKind, {
    lockWaitMs: command.lockWaitMs,
    signal,
  })
  return [...states].flatMap(([slice, state]) => {
    const [, force, month] = /^(?:force|area)=(\S+) month=(\S+)$/.exec(slice) ?? []
    if (force === undefined || month === undefined) return []
    return [{ force, month, checked: state['checked'] ?? null }]
  })
}
