import type { CodeTable, CompiledSpec } from '../spec/types.js'
import type { FaultKind } from './fault-kinds.js'
import type { LineLayout, Slot } from './line-writer.js'
import type { Random } from './random.js'
import type { RecordOutput } from './record-output.js'

/** What a fault did to a record: nothing, decoded all the same, ended as it stands, withheld. */
export type FaultOutcome = 'none' | 'field' | 'length' | 'withheld'

/** Bytes of a bad field, as latin1 text, and what a decoder keeps of it. */
interface BadField {
  readonly text: string
  readonly kept: string | null
}

/** A fault that records of a layout can have. */
interface Target {
  readonly kind: FaultKind
  readonly make: (output: RecordOutput) => FaultOutcome
}

const FIELD_KINDS: Readonly<Record<string, readonly FaultKind[]>> = {
  integer: ['FIELD_NOT_NUMERIC', 'FIELD_OVERFLOW'],
  decimal: ['FIELD_NOT_NUMERIC', 'FIELD_OVERFLOW'],
  date: ['FIELD_DATE'],
  hour: ['FIELD_HOUR'],
  flag: ['FIELD_FLAG'],
  code: ['FIELD_CODE_UNKNOWN'],
  number_or_code: ['FIELD_NUMBER_OR_CODE'],
}
const BAD_DATES = [
  '20220230',
  '20211301',
  '20210001',
  '20210100',
  '19000229',
  '18991231',
  '20790101',
  '2021    ',
  '    0101',
  '2021-1-1',
  '2021010A',
  '########',
  '0000000\u00e9',
  ' 2021010',
]
const BAD_HOURS = ['24', '99', '1-', '2-', ' 5', '7 ', 'AB', '-1', '\u00a07']
const BAD_FLAGS = ['X', '1', '0', 'y', 'n', '?', '\u00e9']
const BAD_LEVELS = ['08', '00', 'BX', 'w1', '??', 'BH', 'B1', '\u00e91', '  ']
const HEADER_FAULTS_PER_RECORD_FAULT = 10

/** Puts faults into records and says what a decoder must report about each. */
export class FaultMaker {
  readonly #random: Random
  readonly #rate: number
  readonly #kinds: ReadonlySet<FaultKind>
  readonly #spec: CompiledSpec
  readonly #year: number
  readonly #targets = new Map<LineLayout, readonly Target[]>()

  constructor(
    spec: CompiledSpec,
    year: number,
    random: Random,
    rate: number,
    kinds: readonly FaultKind[],
  ) {
    this.#spec = spec
    this.#year = year
    this.#random = random
    this.#rate = rate
    this.#kinds = new Set(kinds)
  }

  /** Whether a header gets a fault of a kind; headers are few, so they get them more often. */
  drawHeaderFault(kind: 'HEADER_REPEATED' | 'HEADER_PART_MISSING'): boolean {
    const share = Math.min(0.25, this.#rate * HEADER_FAULTS_PER_RECORD_FAULT)
    return this.#kinds.has(kind) && this.#random.chance(share)
  }

  /** Which one of `count` things, for faults of the headers. */
  below(count: number): number {
    return this.#random.below(count)
  }

  /** Gives the current record a fault, or not. */
  draw(output: RecordOutput): FaultOutcome {
    if (!this.#random.chance(this.#rate)) return 'none'
    const layout = output.line.layout!
    const targets = this.#targetsOf(layout)
    if (targets.length === 0) return 'none'
    return this.#random.pick(targets).make(output)
  }

  #targetsOf(layout: LineLayout): readonly Target[] {
    let targets = this.#targets.get(layout)
    if (targets === undefined) {
      targets = this.#findTargets(layout)
      this.#targets.set(layout, targets)
    }
    return targets
  }

  #findTargets(line: LineLayout): Target[] {
    const byKind = new Map<FaultKind, Slot[]>()
    const deciding = this.#decidingFields(line)
    for (const slot of line.slots.values()) {
      const field = slot.field!
      if (deciding.has(field.name)) continue
      for (const kind of FIELD_KINDS[field.type] ?? []) {
        const slots = byKind.get(kind) ?? []
        slots.push(slot)
        byKind.set(kind, slots)
      }
    }
    const targets: Target[] = [...byKind].map(([kind, slots]) => ({
      kind,
      make: (output) => this.#field(output, line, kind, slots),
    }))
    if (line.fillers.some(({ start }) => start < line.length)) {
      targets.push({ kind: 'FILLER_NOT_BLANK', make: (output) => this.#filler(output, line) })
    }
    targets.push({
      kind: 'RECORD_TRAILING_DATA',
      make: (output) => this.#trailingData(output, line),
    })
    // Parts of a spread header are only lost as a whole, by HEADER_PART_MISSING.
    if (line.layout.partCount === 1) {
      targets.push(
        { kind: 'RECORD_UNKNOWN_LEVEL', make: (output) => this.#unknownLevel(output, line) },
        { kind: 'RECORD_TOO_SHORT', make: (output) => this.#tooShort(output, line) },
      )
    }
    return targets.filter(({ kind }) => this.#kinds.has(kind))
  }

  /** Fields that say how the record is to be read: a fault there is another fault altogether. */
  #decidingFields(line: LineLayout): ReadonlySet<string> {
    const names = new Set<string>()
    if (this.#spec.yearField !== null) names.add(this.#spec.yearField.column)
    if (line.table.role === 'header') names.add('state_code')
    for (const { when, level } of this.#spec.layouts) {
      if (when === undefined || level !== line.layout.level) continue
      const [from, to] = when.dataYears
      if (this.#year < from || this.#year > to) continue
      for (const field of line.layout.fields) {
        if (field.start < when.end && field.end > when.start) names.add(field.name)
      }
    }
    return names
  }

  #field(
    output: RecordOutput,
    layout: LineLayout,
    kind: FaultKind,
    slots: readonly Slot[],
  ): FaultOutcome {
    const { line } = output
    const inLine = slots.filter((slot) => slot.end <= line.length)
    if (inLine.length === 0) return 'none'
    const slot = this.#random.pick(inLine)
    const end = Math.max(slot.end, slot.fractionEnd)
    const { text, kept } = this.#badField(kind, slot)
    this.#forget(output, slot)
    for (let i = 0; i < text.length; i++) {
      line.bytes[line.at + slot.start + i] = text.charCodeAt(i)
    }
    if (slot.codeColumn >= 0) line.row[slot.codeColumn] = kept
    else if (kind === 'FIELD_CODE_UNKNOWN') line.row[slot.column] = kept
    output.addIssue({
      code: kind,
      segment: layout.table.name,
      field: slot.field!.name,
      recordNumber: output.lineNumber,
      byteOffset: output.offset + slot.start,
      raw: output.quote(slot.start, end),
    })
    return 'field'
  }

  /** Takes a value out of the row and its sum. */
  #forget(output: RecordOutput, slot: Slot): void {
    const { row } = output.line
    const value = row[slot.column]
    if (typeof value === 'number') {
      const scale = slot.fractionEnd > 0 ? slot.fractionEnd - slot.fractionStart : 0
      slot.sum -= Math.round(value * 10 ** scale)
    }
    row[slot.column] = null
  }

  #badField(kind: FaultKind, slot: Slot): BadField {
    const random = this.#random
    const width = slot.end - slot.start
    if (kind === 'FIELD_CODE_UNKNOWN') return random.pick(badCodes(slot.field!.codes!, width))
    if (kind === 'FIELD_NUMBER_OR_CODE') return random.pick(badMixed(slot.field!.codes!))
    if (kind === 'FIELD_OVERFLOW') return lost('#'.repeat(width))
    if (kind === 'FIELD_DATE') return lost(random.pick(BAD_DATES))
    if (kind === 'FIELD_HOUR') return lost(random.pick(BAD_HOURS))
    if (kind === 'FIELD_FLAG') return lost(random.pick(BAD_FLAGS))
    const fraction = slot.fractionEnd - slot.fractionStart
    return slot.fractionEnd > 0 && slot.fractionStart === slot.end && random.chance(0.5)
      ? lost(this.#badFraction(width, fraction))
      : lost(this.#badNumber(width))
  }

  #badNumber(width: number): string {
    const random = this.#random
    const digits = (count: number): string => {
      let text = ''
      for (let i = 0; i < count; i++) text += String(random.below(10))
      return text
    }
    switch (random.below(width === 1 ? 2 : 6)) {
      case 0: {
        const at = random.below(width)
        return `${digits(at)}${String.fromCharCode(65 + random.below(26))}${digits(width - at - 1)}`
      }
      case 1:
        return `${digits(width - 1)}\u00b2`
      case 2:
        return `${digits(width - 1)} `
      case 3:
        return `-${digits(width - 1)}`
      case 4:
        return `${'#'.repeat(width - 1)}${digits(1)}`
      default:
        return width < 3 ? `+${digits(1)}` : `${digits(1)} ${digits(width - 2)}`
    }
  }

  /** A whole part in order with a fraction that is not, or a bad fraction alone. */
  #badFraction(width: number, fraction: number): string {
    const whole = '7'.padStart(width, '0')
    return this.#random.pick([
      `${whole}${'5'.padEnd(fraction)}`,
      `${whole}${'X'.padStart(fraction, '0')}`,
      `${whole}${'5'.padStart(fraction)}`,
      `${' '.repeat(width)}${'5-'.padStart(fraction, '0')}`,
    ])
  }

  #filler(output: RecordOutput, layout: LineLayout): FaultOutcome {
    const { line } = output
    const inLine = layout.fillers.filter(({ end }) => end <= line.length)
    if (inLine.length === 0) return 'none'
    const filler = this.#random.pick(inLine)
    const at = this.#random.between(filler.start, filler.end - 1)
    line.bytes[line.at + at] = this.#random.pick([0x58, 0x30, 0xe9, 0x09])
    output.addIssue({
      code: 'FILLER_NOT_BLANK',
      segment: layout.table.name,
      field: filler.name,
      recordNumber: output.lineNumber,
      byteOffset: output.offset + filler.start,
      raw: output.quote(filler.start, filler.end),
    })
    return 'field'
  }

  #trailingData(output: RecordOutput, layout: LineLayout): FaultOutcome {
    const { line } = output
    const { maxLength } = layout
    line.fill(0x20, line.length, maxLength + 20)
    line.length = maxLength + this.#random.between(1, 20)
    line.bytes[line.at + this.#random.between(maxLength, line.length - 1)] = 0x5a
    output.addIssue({
      code: 'RECORD_TRAILING_DATA',
      segment: layout.table.name,
      field: null,
      recordNumber: output.lineNumber,
      byteOffset: output.offset + maxLength,
      raw: output.quote(maxLength, line.length),
    })
    return 'length'
  }

  #tooShort(output: RecordOutput, layout: LineLayout): FaultOutcome {
    const { line } = output
    line.length = this.#random.between(layout.level.length, layout.layout.keyLength - 1)
    return this.#withhold(output, layout, 'RECORD_TOO_SHORT')
  }

  #unknownLevel(output: RecordOutput, layout: LineLayout): FaultOutcome {
    const { line } = output
    const known = new Set(this.#spec.layouts.map(({ level }) => level))
    const level = this.#random.pick(BAD_LEVELS.filter((candidate) => !known.has(candidate)))
    for (let i = 0; i < level.length; i++) line.bytes[line.at + i] = level.charCodeAt(i)
    return this.#withhold(output, layout, 'RECORD_UNKNOWN_LEVEL')
  }

  #withhold(
    output: RecordOutput,
    layout: LineLayout,
    code: 'RECORD_TOO_SHORT' | 'RECORD_UNKNOWN_LEVEL',
  ): FaultOutcome {
    for (const slot of layout.slots.values()) this.#forget(output, slot)
    output.addIssue({
      code,
      segment: code === 'RECORD_TOO_SHORT' ? layout.table.name : null,
      field: null,
      recordNumber: output.lineNumber,
      byteOffset: output.offset,
      raw: output.quote(0, output.line.length),
    })
    return 'withheld'
  }
}

/** Codes that no table lists. Kept as sent: printable to width 2, digits and capitals beyond. */
function badCodes(table: CodeTable, width: number): readonly BadField[] {
  const candidates: readonly BadField[] =
    width === 1
      ? ['?', '*', 'z', '~', 'Z', '9'].map(same).concat(lost('\u00e9'), lost('\u0001'))
      : width === 2
        ? ['QQ', '?0', 'zz', ' 9', '7x']
            .map(same)
            .concat({ text: 'Q ', kept: 'Q' }, lost('\u00e91'), lost('1\u0009'))
        : ['QQQ', '9ZZ', '000']
            .map(same)
            .concat({ text: 'Q  ', kept: 'Q' }, lost('q1q'), lost('A-1'), lost(' 13'), lost('1 3'))
  return candidates.filter(({ text }) => !table.codes.has(text.replace(/ +$/, '')))
}

/** Neither a number in range nor a listed code. */
function badMixed(table: CodeTable): readonly BadField[] {
  return ['A9', ' 7', '**', '0B', '-1', 'nb']
    .map(same)
    .concat({ text: '9 ', kept: '9' }, { text: 'N ', kept: 'N' }, lost('\u00e90'))
    .filter(({ text }) => !table.codes.has(text))
}

function same(text: string): BadField {
  return { text, kept: text }
}

function lost(text: string): BadField {
  return { text, kept: null }
}
