import type { Destination } from '../destinations/contract.js'
import { listLoads } from '../loads.js'
import type { LoadedSlice } from '../sources/index.js'
import type { ContractMode } from '../source.js'
import type { CommandContext } from './context.js'

/** A slice that is in, with how it was loaded. */
export interface HeldSlice extends LoadedSlice {
  /** Null for a load that did not record it. */
  readonly contract: ContractMode | null
  /** Of the shape of an area; null for a force, and for a load that did not record it. */
  readonly areaSha256: string | null
}

/** The forces or areas and months of some source kinds that a destination holds, oldest load first. */
export async function loadedSlices(
  destination: Destination,
  sourceKinds: readonly string[],
  { command, signal }: CommandContext,
): Promise<readonly HeldSlice[]> {
  const loads = await listLoads(destination, { lockWaitMs: command.lockWaitMs, signal })
  return loads.flatMap(({ status, sourceKind, manifest, state }) => {
    if (status !== 'committed' || !sourceKinds.includes(sourceKind)) return []
    const [, force, month] = /^(?:force|area)=(\S+) month=(\S+)$/.exec(manifest.slice) ?? []
    if (force === undefined || month === undefined) return []
    return {
      force,
      month,
      checked: state?.['checked'] ?? null,
      contract: manifest.contract ?? null,
      areaSha256: state?.['areaSha256'] ?? null,
    }
  })
}
