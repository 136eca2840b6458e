import type { CompiledSpec, FieldSpec, LayoutSpec } from '../../src/spec/types.js'
import type { Random } from '../../src/testing/random.js'

const BLANK = 0x20
/** Bytes that decoders stumble over. */
const ODD_BYTES = [
  0, 9, 0x0d, 0x1a, 0x1b, 0x20, 0x23, 0x2d, 0x30, 0x39, 0x3a, 0x7f, 0x80, 0xa0, 0xe9, 0xff,
]
const DATES = [
  '20220131',
  '19991231',
  '00000000',
  '20220230',
  '20221301',
  '18990101',
  '20781231',
  '20790101',
  '2022    ',
]

/** How the lines of one input are made: fields are mostly blank, mostly valid, or mostly odd. */
export class LineMaker {
  readonly #random: Random
  readonly #spec: CompiledSpec
  readonly #blankShares = new Map<FieldSpec, number>()
  readonly #faultShare: number

  constructor(spec: CompiledSpec, random: Random) {
    this.#spec = spec
    this.#random = random
    this.#faultShare = random.pick([0, 0.001, 0.02, 0.3])
    for (const { fields } of spec.layouts) {
      for (const field of fields) {
        this.#blankShares.set(field, random.pick([0, 0.05, 0.5, 0.9, 0.99, 1]))
      }
    }
  }

  /** A line of one of the spec's layouts, more or less in order. */
  line(): Uint8Array {
    const random = this.#random
    const layout = random.pick(this.#spec.layouts)
    const long = layout.maxLength > layout.length && random.chance(0.4)
    const line = new Uint8Array(long ? layout.maxLength : layout.length).fill(BLANK)
    for (const field of layout.fields) {
      if (field.end - layout.partOffset > line.length) continue
      this.#write(line, layout, field)
    }
    if (this.#spec.level !== null) {
      for (let i = 0; i < layout.level.length; i++) {
        line[this.#spec.level.start + i] = layout.level.charCodeAt(i)
      }
    }
    return random.chance(this.#faultShare) ? mutate(line, random) : line
  }

  #write(line: Uint8Array, layout: LayoutSpec, field: FieldSpec): void {
    const random = this.#random
    if (random.chance(this.#blankShares.get(field)!)) return
    const put = (start: number, text: string): void => {
      for (let i = 0; i < text.length; i++) line[start - layout.partOffset + i] = text.charCodeAt(i)
    }
    const width = field.end - field.start
    if (random.chance(this.#faultShare)) {
      for (let at = field.start; at < field.end; at++) {
        line[at - layout.partOffset] = random.chance(0.5) ? BLANK : random.pick(ODD_BYTES)
      }
      return
    }
    switch (field.type) {
      case 'integer':
        put(field.start, digits(random, field, width))
        return
      case 'decimal':
        put(field.start, digits(random, field, width))
        if (field.fraction !== undefined && random.chance(0.9)) {
          const places = field.fraction.end - field.fraction.start
          put(field.fraction.start, String(random.below(10 ** places)).padStart(places, '0'))
        }
        return
      case 'date':
        put(
          field.start,
          random.chance(0.05)
            ? random.pick(DATES)
            : `${random.between(1990, 2030)}${two(random.between(1, 12))}${two(random.between(1, 28))}`,
        )
        return
      case 'hour':
        put(field.start, two(random.below(25)))
        return
      case 'flag':
        put(field.start, random.chance(0.5) ? field.flag!.yes : field.flag!.no)
        return
      case 'number_or_code':
        if (random.chance(0.8)) {
          put(field.start, digits(random, field, width))
          return
        }
        put(field.start, random.pick([...field.codes!.codes.keys()]))
        return
      case 'code':
        put(field.start, random.pick([...field.codes!.codes.keys()]))
        return
      case 'text':
      case 'identifier':
        for (let at = field.start; at < field.start + random.between(0, width); at++) {
          line[at - layout.partOffset] = random.chance(0.1) ? BLANK : random.between(0x30, 0x5a)
        }
    }
  }
}

function digits(random: Random, field: FieldSpec, width: number): string {
  const [low, high] = field.range ?? [0, 10 ** Math.min(width, 9) - 1]
  const value = String(random.between(low, Math.min(high, low + 0x3fffffff)))
  return value.slice(-width).padStart(width, random.chance(0.9) ? '0' : ' ')
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** A line with some of its bytes changed, cut, stretched or moved. */
export function mutate(line: Uint8Array, random: Random): Uint8Array {
  switch (random.below(7)) {
    case 0:
      return line.subarray(0, random.below(line.length + 1))
    case 1: {
      const longer = new Uint8Array(line.length + random.between(1, 60)).fill(BLANK)
      longer.set(line)
      if (random.chance(0.5))
        longer[random.between(line.length, longer.length - 1)] = randomByte(random)
      return longer
    }
    case 2: {
      const at = random.below(line.length + 1)
      return Uint8Array.from([...line.subarray(0, at), randomByte(random), ...line.subarray(at)])
    }
    case 3: {
      const at = random.below(line.length)
      return Uint8Array.from([...line.subarray(0, at), ...line.subarray(at + 1)])
    }
    default: {
      const changed = line.slice()
      for (let n = random.between(1, 6); n > 0 && changed.length > 0; n--) {
        changed[random.below(changed.length)] = randomByte(random)
      }
      return changed
    }
  }
}

/** A line of any bytes at all, now and then very long, or only blanks or end marks. */
export function randomLine(random: Random): Uint8Array {
  const length = random.chance(0.02) ? random.below(3000) : random.below(150)
  const kind = random.below(6)
  return Uint8Array.from({ length }, () =>
    kind === 0
      ? BLANK
      : kind === 1
        ? random.pick([0, BLANK])
        : kind === 2
          ? 0x1a
          : kind === 3
            ? random.pick(ODD_BYTES)
            : random.below(256),
  )
}

function randomByte(random: Random): number {
  return random.chance(0.5) ? random.pick(ODD_BYTES) : random.below(256)
}
