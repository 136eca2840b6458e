import type { Random } from '../../src/testing/random.js'

const ENCODINGS = ['ascii', 'latin1', 'windows-1252'] as const
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** Characters of codes and flags: plain ones, and ones that encodings disagree about. */
const CODE_CHARACTERS = `${LETTERS}${LETTERS}?*#-. \u00e9\u00a0\u20ac\u0178`

interface Item {
  readonly name: string
  readonly width: number
  readonly text: (start: number) => string
  /** A second field within the same bytes. */
  readonly inner?: (start: number) => string
}

/**
 * A random user spec as YAML: one to four segments, or one without a level; fields of every type
 * and many widths, in random order, optional tails, fractions away from their whole part, and
 * sometimes a header in two parts.
 */
export function randomSpec(random: Random): string {
  const hasLevel = random.chance(0.8)
  const levelWidth = random.between(1, 3)
  const levelStart = random.chance(0.65) ? 1 : random.between(1, 14)
  const tables = codeTables(random)
  const segmentCount = hasLevel ? random.between(1, 4) : 1
  const levels = new Set<string>()
  while (levels.size < segmentCount + 1) {
    let level = ''
    while (level.length < levelWidth) level += LETTERS[random.below(LETTERS.length)]!
    if (levelWidth > 1 && random.chance(0.1)) level = `${level.slice(0, -1)} `
    levels.add(level)
  }
  const [spare, ...names] = [...levels]
  const level = hasLevel ? { start: levelStart, width: levelWidth } : null
  const segments = names.map((name, index) => {
    const isHeader = hasLevel && index === 0 && random.chance(0.4)
    const isSplit = isHeader && random.chance(0.5)
    const key = random.chance(0.6) || isHeader
    const layout = (part: string, code: string | null): string[] =>
      Object.entries(
        partKeys(random, tables, level, code, part, key, !isSplit || part === 'b'),
      ).map(([name, value]) => `${name}: ${value}`)
    const body = isSplit
      ? `    parts:\n      - { ${layout('a', name).join(', ')} }\n      - { ${layout('b', spare!).join(', ')} }\n`
      : layout('', hasLevel ? name : null)
          .map((line) => `    ${line}\n`)
          .join('')
    return (
      `  segment_${index}:\n    title: Segment ${index}\n` +
      (isHeader ? '    role: header\n' : '') +
      (key ? '    key: [key_field]\n' : '') +
      body
    )
  })
  return [
    'format: 1',
    'id: random/spec',
    'version: "1"',
    'revision: 1',
    'title: Random fields',
    `encoding: ${random.pick(ENCODINGS)}`,
    level === null ? '' : `segment_level: { pos: ${level.start}-${level.start + level.width - 1} }`,
    'segments:',
    ...segments,
    'code_tables:',
    ...[...tables].map(
      ([name, { codes }]) =>
        `  ${name}: { codes: { ${codes.map((code) => `${JSON.stringify(code)}: label`).join(', ')} } }`,
    ),
    '',
  ].join('\n')
}

function codeTables(random: Random): Map<string, { width: number; codes: string[] }> {
  const tables = new Map<string, { width: number; codes: string[] }>()
  for (const width of [1, 1, 2, 2, 3, 4, 6]) {
    const codes = new Set<string>()
    const count = random.between(1, 12)
    for (let i = 0; i < count; i++) {
      let code = ''
      const length = random.chance(0.8) ? width : random.between(1, width)
      while (code.length < length) code += CODE_CHARACTERS[random.below(CODE_CHARACTERS.length)]!
      // Codes are written without trailing blanks, and are never blank.
      if (/^[^ ]/.test(code) && !/ $/.test(code)) codes.add(code)
    }
    codes.add('7'.repeat(width))
    tables.set(`table_${tables.size}`, { width, codes: [...codes] })
  }
  return tables
}

function partKeys(
  random: Random,
  tables: ReadonlyMap<string, { width: number; codes: readonly string[] }>,
  level: { readonly start: number; readonly width: number } | null,
  code: string | null,
  prefix: string,
  key: boolean,
  mayHaveTails: boolean,
): Readonly<Record<string, string>> {
  const lines: string[] = []
  let next = 1
  let fillers = 0
  const skipLevel = (): void => {
    if (level !== null && next === level.start) next += level.width
  }
  const place = (item: Item): void => {
    skipLevel()
    if (level !== null && next < level.start && next + item.width > level.start) {
      lines.push(
        `filler_${fillers++}: { pos: ${next}-${level.start - 1}, type: filler${random.chance(0.5) ? ', ignore: true' : ''} }`,
      )
      next = level.start
      skipLevel()
    }
    lines.push(`${item.name}: ${item.text(next)}`)
    if (item.inner !== undefined) lines.push(item.inner(next))
    next += item.width
  }
  if (key) {
    place({
      name: 'key_field',
      width: 5,
      text: (start) => `{ pos: ${start}-${start + 4}, type: identifier }`,
    })
  }
  const count = random.between(1, 14)
  for (let i = 0; i < count; i++)
    for (const item of randomItems(random, tables, `${prefix}f${i}`)) place(item)
  while (level !== null && next <= level.start) {
    const width = Math.max(1, level.start - next)
    place({ name: `pad_${next}`, width, text: (start) => textField(start, width) })
  }
  const length = next - 1
  const tails = mayHaveTails && random.chance(0.3) ? random.between(1, 3) : 0
  for (let i = 0; i < tails; i++) {
    const width = random.between(1, 6)
    const type = random.pick(['text', 'integer', 'identifier', 'filler'])
    lines.push(`tail_${i}: { pos: ${next}-${next + width - 1}, type: ${type}, optional: true }`)
    next += width
  }
  return {
    ...(code === null ? {} : { level: JSON.stringify(code) }),
    length: String(length),
    fields: `{ ${lines.join(', ')} }`,
  }
}

function textField(start: number, width: number): string {
  return `{ pos: ${start}-${start + width - 1}, type: text }`
}

function randomItems(
  random: Random,
  tables: ReadonlyMap<string, { width: number; codes: readonly string[] }>,
  name: string,
): Item[] {
  const range = (start: number, width: number): string =>
    width === 1 ? `${start}` : `${start}-${start + width - 1}`
  const item = (width: number, rest: string): Item => ({
    name,
    width,
    text: (start) => `{ pos: ${range(start, width)}, ${rest} }`,
  })
  const [table, { width: tableWidth }] = random.pick([...tables])
  switch (random.below(11)) {
    case 0:
      return [item(random.pick([1, 3, 8, 9, 12, 30, 70]), 'type: text')]
    case 1:
      return [item(random.pick([1, 4, 8, 9, 10, 12, 13]), 'type: identifier')]
    case 2: {
      const width = random.between(1, 15)
      const high = 10 ** Math.min(width, 9) - 1
      const low = random.below(Math.min(high, 50))
      const limits = random.chance(0.25) ? `, range: ${low}-${random.between(low, high)}` : ''
      return [item(width, `type: integer${limits}`)]
    }
    case 3: {
      const width = random.between(2, 15)
      return [item(width, `type: decimal, scale: ${random.between(1, width - 1)}`)]
    }
    case 4: {
      const whole = random.between(1, 9)
      const fraction = random.between(1, 4)
      return [
        {
          name,
          width: whole + fraction,
          text: (start) =>
            `{ pos: ${range(start, whole)}, type: decimal, fraction: ${range(start + whole, fraction)} }`,
        },
      ]
    }
    case 5: {
      // The fraction in front of its whole part, or with a field in between.
      const whole = random.between(1, 6)
      const fraction = random.between(1, 3)
      if (random.chance(0.5)) {
        return [
          {
            name,
            width: whole + fraction,
            text: (start) =>
              `{ pos: ${range(start + fraction, whole)}, type: decimal, fraction: ${range(start, fraction)} }`,
          },
        ]
      }
      const between = random.between(1, 3)
      return [
        {
          name,
          width: whole + between + fraction,
          text: (start) =>
            `{ pos: ${range(start, whole)}, type: decimal, fraction: ${range(start + whole + between, fraction)} }`,
          inner: (start) => `${name}_mid: { pos: ${range(start + whole, between)}, type: text }`,
        },
      ]
    }
    case 6:
      return [item(8, 'type: date, format: yyyymmdd')]
    case 7:
      return [item(2, 'type: hour')]
    case 8: {
      const width = random.chance(0.7) ? tableWidth : tableWidth + random.below(3)
      return [item(width, `type: code, codes: ${table}`)]
    }
    case 9: {
      const width = random.chance(0.7) ? 1 : random.between(1, 3)
      const [yes, no] = random.pick([
        ['Y', 'N'],
        ['1', '0'],
        ['\u00e9', 'x'],
        ['\u20ac', 'E'],
        width > 1 ? ['NO', 'N'] : ['J', 'N'],
      ]) as [string, string]
      return [item(width, `type: flag, yes: ${JSON.stringify(yes)}, no: ${JSON.stringify(no)}`)]
    }
    default: {
      const width = Math.max(tableWidth, random.chance(0.7) ? 2 : random.between(1, 4))
      const high = 10 ** width - 1
      const low = random.below(Math.min(high, 20))
      return [
        item(
          width,
          `type: number_or_code, range: ${low}-${random.between(low, high)}, codes: ${table}`,
        ),
      ]
    }
  }
}
