import { SourceError } from './errors.js'
import type { MaxIssues } from './options.js'
import type { StageIssue } from './source.js'

/** Counts issues by code and ends a load that has too many. */
export class IssueCounter {
  readonly byCode: Record<string, number> = {}
  readonly #limit: MaxIssues | null
  #count = 0
  #first: StageIssue | null = null

  constructor(limit: MaxIssues | null) {
    this.#limit = limit
  }

  get count(): number {
    return this.#count
  }

  /** @throws {SourceError} SOURCE_ISSUES as soon as there are more than an allowed number */
  add(issues: readonly StageIssue[]): void {
    this.#first ??= issues[0] ?? null
    this.#count += issues.length
    for (const { code } of issues) this.byCode[code] = (this.byCode[code] ?? 0) + 1
    if (typeof this.#limit === 'number' && this.#count > this.#limit) {
      throw this.#tooMany(`more than the ${this.#limit} allowed`)
    }
  }

  /** @throws {SourceError} SOURCE_ISSUES when there are more than an allowed share of records */
  checkShare(recordCount: number): void {
    if (this.#limit === null || typeof this.#limit === 'number') return
    const { share } = this.#limit
    if (this.#count <= share * recordCount) return
    throw this.#tooMany(`in ${recordCount} records, more than the ${share * 100}% allowed`)
  }

  #tooMany(limit: string): SourceError {
    const codes = Object.entries(this.byCode).map(([code, count]) => `${code} ${count}`)
    const { code, recordNumber, byteOffset, field } = this.#first!
    const place = [
      field === null ? '' : ` in ${field}`,
      ` at record ${recordNumber}`,
      byteOffset === null ? '' : `, byte ${byteOffset}`,
    ].join('')
    return new SourceError(
      'SOURCE_ISSUES',
      `the source has ${this.#count} issues ${limit} (${codes.join(', ')}); the first is ${code}${place}; nothing was loaded: mend the source or allow more`,
    )
  }
}
