import { csvCell } from '../schema/stage-columns.js'
import type { StageIssue } from '../source.js'

/** Issues as CSV lines with the columns of `crimewh_issue`; NUL, which no text holds, shows as ␀. */
export function issueLines(loadId: number, issues: readonly StageIssue[]): Uint8Array {
  const lines = issues.map((issue) =>
    [
      loadId,
      textOrNull(issue.table),
      textOrNull(issue.file ?? null),
      issue.recordNumber,
      issue.byteOffset ?? '',
      textOrNull(issue.field),
      csvCell(issue.code),
      textOrNull(issue.raw),
    ].join(),
  )
  return Buffer.from(lines.map((line) => `${line}\n`).join(''))
}

function textOrNull(text: string | null): string {
  return text === null ? '' : csvCell(text.replaceAll('\0', '␀'))
}
