import type { DecodeStats } from '../record-decoder.js'

/** Counters of the whole input: those of this thread, which saw every record, and what others took. */
export function mergedStats(own: DecodeStats, others: readonly DecodeStats[]): DecodeStats {
  const all = [own, ...others]
  const sum = (pick: (stats: DecodeStats) => number): number =>
    all.reduce((total, stats) => total + pick(stats), 0)
  const rows = { ...own.rows }
  const issues = { ...own.issues }
  for (const other of others) {
    for (const [name, count] of Object.entries(other.rows)) rows[name] = (rows[name] ?? 0) + count
    for (const [code, count] of Object.entries(other.issues)) {
      issues[code] = (issues[code] ?? 0) + count
    }
  }
  const takenByOthers = others.reduce(
    (total, stats) => total + stats.records - stats.notSelected,
    0,
  )
  return {
    ...own,
    rows,
    issues,
    joinedHeaderParts: sum((stats) => stats.joinedHeaderParts),
    withheld: sum((stats) => stats.withheld),
    notSelected: own.notSelected - takenByOthers,
    shortRecords: sum((stats) => stats.shortRecords),
    longRecords: sum((stats) => stats.longRecords),
  }
}
