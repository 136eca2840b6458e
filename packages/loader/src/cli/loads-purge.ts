import { purgeLoads } from '../loads.js'
import type { CommandContext, CommandEnd } from './context.js'
import { destinationOf } from './destination.js'
import { count } from './render.js'

/** `crimewh loads purge` */
export async function purgeLoadsCommand(context: CommandContext): Promise<CommandEnd> {
  const { command, terminal, signal } = context
  const { lockWaitMs } = command
  const purged = await purgeLoads(destinationOf(command), { lockWaitMs, signal })
  terminal.note(
    purged.loadIds.length === 0
      ? 'no load was replaced since the last purge'
      : `${count(purged.rows)} replaced rows of load ${purged.loadIds.join(', ')} are dropped for good`,
  )
  return { json: purged }
}
