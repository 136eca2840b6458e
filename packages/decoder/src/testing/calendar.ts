/** Days of a span of years as eight digits each, ready to be copied. */
export class Calendar {
  /** Eight digits a day. */
  readonly digits: Uint8Array
  readonly firstYear: number
  readonly dayCount: number
  readonly #text: (string | undefined)[] = []
  readonly #yearStarts: number[] = []

  constructor(firstYear: number, lastYear: number) {
    this.firstYear = firstYear
    const first = Date.UTC(firstYear, 0, 1)
    this.dayCount = (Date.UTC(lastYear + 1, 0, 1) - first) / 86_400_000
    this.digits = new Uint8Array(this.dayCount * 8)
    for (let day = 0; day < this.dayCount; day++) {
      const date = new Date(first + day * 86_400_000)
      const value =
        date.getUTCFullYear() * 10_000 + (date.getUTCMonth() + 1) * 100 + date.getUTCDate()
      const text = String(value)
      for (let i = 0; i < 8; i++) this.digits[day * 8 + i] = text.charCodeAt(i)
      if (value % 10_000 === 101) this.#yearStarts.push(day)
    }
    this.#yearStarts.push(this.dayCount)
  }

  /** First day of a year, as a day number of this calendar. */
  startOf(year: number): number {
    return this.#yearStarts[year - this.firstYear]!
  }

  /** Days in a year. */
  daysIn(year: number): number {
    return this.startOf(year + 1) - this.startOf(year)
  }

  /** `YYYY-MM-DD`. */
  text(day: number): string {
    let text = this.#text[day]
    if (text === undefined) {
      const digits = String.fromCharCode(...this.digits.subarray(day * 8, day * 8 + 8))
      text = `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}`
      this.#text[day] = text
    }
    return text
  }
}
