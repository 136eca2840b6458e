import type { PurgedLoads } from '../catalog.js'
import { purgeLoads } from '../loads.js'
import type { CommandContext, CommandEnd } from './context.js'
import { destinationOf } from './destination.js'
import { count } from './render.js'

/** `crimewh loads purge` */
export async function purgeLoadsCommand(context: CommandContext): Promise<CommandEnd> {
  const { command, terminal, signal } = context
  const { lockWaitMs } = command
  const purged = await purgeLoads(destinationOf(command), { lockWaitMs, signal })
  for (const line of linesOf(purged)) terminal.note(line)
  return { json: purged }
}

function linesOf({ loadIds, rows, mergedRows }: PurgedLoads): readonly string[] {
  const lines: string[] = []
  if (loadIds.length > 0) {
    const replaced = count(rows - mergedRows)
    lines.push(`${replaced} replaced rows of load ${loadIds.join(', ')} are dropped for good`)
  }
  if (mergedRows > 0) {
    lines.push(`rows that merges put aside are dropped for good: ${count(mergedRows)}`)
  }
  return lines.length > 0 ? lines : ['no load was replaced since the last purge']
}
