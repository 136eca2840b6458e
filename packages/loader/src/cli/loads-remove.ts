import { removeLoad } from '../loads.js'
import { UsageError, withoutSecrets } from './args.js'
import type { CommandContext, CommandEnd } from './context.js'
import { destinationOf } from './destination.js'
import { count } from './render.js'

/** `crimewh loads remove <id>` */
export async function removeLoadCommand(context: CommandContext): Promise<CommandEnd> {
  const { command, terminal, signal } = context
  const [given] = command.operands as [string]
  if (!/^[1-9]\d{0,8}$/.test(given)) {
    throw new UsageError(
      `"${withoutSecrets(given)}" is not the id of a load; "crimewh loads list" shows them`,
    )
  }
  const { lockWaitMs } = command
  const removed = await removeLoad(destinationOf(command), Number(given), {
    lockWaitMs,
    signal,
    force: command.is('force'),
  })
  const { removedRows, restoredRows, restored } = removed
  terminal.note(`load ${given} is removed with its ${count(removedRows)} rows`)
  if (restored.length > 0) {
    terminal.note(`load ${restored.join(', ')} is current again, ${count(restoredRows)} rows`)
  }
  return { json: removed }
}
