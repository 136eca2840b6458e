import { nibrsFile } from '../sources/nibrs.js'
import type { CommandContext, CommandEnd } from './context.js'
import { destinationOf } from './destination.js'
import { runLoad } from './run-load.js'

/** `crimewh load nibrs <file>` */
export async function loadNibrs(context: CommandContext): Promise<CommandEnd> {
  const { command } = context
  const destination = destinationOf(command)
  const [spec, state, entry] = [command.text('spec'), command.text('state'), command.text('entry')]
  const dataYear = command.whole('data-year', 1960, 2100)
  const source = nibrsFile(command.operands[0]!, {
    ...(spec === null ? {} : { spec }),
    ...(dataYear === null ? {} : { dataYear }),
    ...(state === null ? {} : { state }),
    ...(entry === null ? {} : { entry }),
  })
  return { json: await runLoad(context, source, destination) }
}
