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
  terminal.note(noteOf(purged))
  return { json: purged }
}

function noteOf({ loadIds, rows }: PurgedLoads): string {
  if (loadIds.length > 0) {
    return `${count(rows)} replaced rows of load ${loadIds.join(', ')} are dropped for good`
  }
  if (rows === 0) return 'no load was replaced since the last purge'
  return `rows that merges put aside are dropped for good: ${count(rows)}`
}
