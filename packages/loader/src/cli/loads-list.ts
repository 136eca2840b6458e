import { listLoads } from '../loads.js'
import type { CommandContext, CommandEnd } from './context.js'
import { destinationOf } from './destination.js'
import { count, textTable } from './render.js'

/** `crimewh loads list` */
export async function listLoadsCommand({ command, signal }: CommandContext): Promise<CommandEnd> {
  const kind = command.text('source')
  const all = await listLoads(destinationOf(command), { signal })
  const loads = all.filter(({ sourceKind }) => kind === null || sourceKind === kind)
  const rows = loads.map(({ loadId, status, supersededBy, sourceKind, manifest }) => [
    String(loadId),
    supersededBy === null ? status : `${status} by ${supersededBy}`,
    sourceKind,
    manifest.slice,
    count(manifest.tables.reduce((sum, { staged }) => sum + staged, 0)),
    count(manifest.issueCount),
    manifest.finishedAt.slice(0, 19).replace('T', ' '),
    manifest.source.name,
  ])
  const head = ['id', 'status', 'source', 'slice', 'rows', 'issues', 'finished (UTC)', 'from']
  return { json: { loads }, text: textTable([head, ...rows]) }
}
