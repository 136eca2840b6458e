/** A fixed-width line: texts by 1-based position, blanks elsewhere. */
export function line(length: number, texts: Readonly<Record<number, string>>): string {
  const characters = Array.from({ length }, () => ' ')
  for (const [position, text] of Object.entries(texts)) {
    for (const [offset, character] of [...text].entries()) {
      characters[Number(position) - 1 + offset] = character
    }
  }
  return characters.join('')
}

const AGENCY = { 3: '50', 5: 'AK0010100' }

export function header(year: string, texts: Readonly<Record<number, string>> = {}): string {
  return line(284, {
    1: 'BH',
    ...AGENCY,
    14: '000000000000',
    42: 'ANCHORAGE',
    72: 'AK1B948Y',
    230: year,
    ...texts,
  })
}

/** The three headers of 1991 to 2012; the year stands in the last one. */
export function oldHeaders(year: string): readonly string[] {
  const nul = '\0'.repeat(12)
  return [
    line(132, { 1: 'B1', ...AGENCY, 14: nul, 42: 'ANCHORAGE', 72: 'AK1B948Y' }),
    line(132, { 1: 'B2', ...AGENCY, 14: nul, 26: '000226338', 41: '000226338' }),
    line(132, { 1: 'B3', ...AGENCY, 14: nul, 50: '12', 52: '12', 54: year }),
  ]
}

/** A record of an incident: level, length and incident date as asked. */
export function record(
  level: string,
  length: number,
  date: string,
  texts: Readonly<Record<number, string>> = {},
): string {
  return line(length, { 1: level, ...AGENCY, 14: '000000000001', 26: date, ...texts })
}

export function bytes(lines: readonly string[], lineEnd = '\n'): Uint8Array {
  return Buffer.from(lines.map((text) => text + lineEnd).join(''), 'latin1')
}
