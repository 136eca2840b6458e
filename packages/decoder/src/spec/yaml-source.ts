import { isAlias, isCollection, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Document, Node } from 'yaml'
import { SpecError, type SpecErrorCode } from '../errors.js'

/** Where something stands in a spec: file, 1-based line and column, and the names around it. */
export interface Where {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly spec?: string
  readonly segment?: string
  readonly field?: string
}

/** File, line and column alone, to say of one thing where another stands. */
export function placeOf({ file, line, column }: Where): Where {
  return { file, line, column }
}

/** A {@link SpecError} whose sentence begins with `file:line:column`, segment and field. */
export function specFault(
  code: SpecErrorCode,
  where: Where,
  message: string,
  fields?: readonly string[],
): SpecError {
  const subject = [
    where.segment === undefined ? '' : `segment "${where.segment}"`,
    where.field === undefined ? '' : `field "${where.field}"`,
  ].filter((part) => part !== '')
  const lead = subject.length === 0 ? '' : `${subject.join(', ')}: `
  return new SpecError(code, `${where.file}:${where.line}:${where.column}: ${lead}${message}`, {
    ...where,
    ...(fields === undefined ? {} : { fields }),
  })
}

/** One entry of a YAML map: the key, the place of the key, and the value. */
export interface YamlEntry {
  readonly key: string
  readonly at: YamlValue
  readonly value: YamlValue
}

/** Parses a YAML file and returns its root; throws `SPEC_SYNTAX` where YAML itself is broken. */
export function readYaml(text: string, file: string): YamlValue {
  const lines = new LineCounter()
  // Keys said twice get a better message from `entries` than from the parser.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false })
  const first = lines.linePos(document.contents?.range[0] ?? 0)
  const start = { file, line: Math.max(first.line, 1), column: Math.max(first.col, 1) }
  const root = new YamlValue(document, lines, document.contents, start)
  const fault = document.errors[0]
  if (fault !== undefined) {
    const at = lines.linePos(fault.pos[0])
    const reason = fault.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '')
    throw specFault(
      'SPEC_SYNTAX',
      { file, line: Math.max(at.line, 1), column: Math.max(at.col, 1) },
      `not valid YAML: ${lowerFirst(reason)}; check quotes, braces and indent about this line`,
    )
  }
  if (document.contents === null) {
    throw root.fault('SPEC_SCHEMA', 'the file is empty; a spec starts with "format: 1"')
  }
  return root
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}

/** A YAML value that knows its place, read with checks: every `expect…` throws `SPEC_SCHEMA`. */
export class YamlValue {
  readonly where: Where
  readonly #document: Document
  readonly #lines: LineCounter
  readonly #node: Node | null

  constructor(document: Document, lines: LineCounter, node: unknown, around: Where) {
    this.#document = document
    this.#lines = lines
    const raw = (node ?? null) as Node | null
    const start = raw?.range?.[0]
    // A map or list is where its key is: its first line may be the one below.
    const at = start === undefined || isCollection(raw) ? null : lines.linePos(start)
    this.where = at === null ? around : { ...around, line: at.line, column: at.col }
    this.#node = isAlias(raw) ? (raw.resolve(document) ?? null) : raw
  }

  /** The same value with more names around it, for the messages of what is read below. */
  within(names: { spec?: string; segment?: string; field?: string }): YamlValue {
    const copy = new YamlValue(this.#document, this.#lines, this.#node, this.where)
    Object.assign(copy, { where: { ...this.where, ...names } })
    return copy
  }

  fault(code: SpecErrorCode, message: string): SpecError {
    return specFault(code, this.where, message)
  }

  get isMap(): boolean {
    return isMap(this.#node)
  }

  /** The plain scalar, or undefined for maps and lists. */
  get scalar(): unknown {
    return isScalar(this.#node) ? this.#node.value : undefined
  }

  /** What stands there, for messages: `the number 01`, `a map`. */
  get found(): string {
    const node = this.#node
    if (node === null) return 'nothing'
    if (isMap(node)) return 'a map'
    if (isSeq(node)) return 'a list'
    if (!isScalar(node)) return 'something else'
    if (node.value === null) return 'nothing'
    const shown = typeof node.source === 'string' ? node.source : String(node.value)
    if (typeof node.value === 'string') return `the text "${shown}"`
    return `the ${typeof node.value} ${shown}`
  }

  /** All entries in order; `what` is said of the keys. Keys must be text and differ. */
  entries(what: string, onRepeat: SpecErrorCode = 'SPEC_SCHEMA'): readonly YamlEntry[] {
    if (!isMap(this.#node)) {
      throw this.fault('SPEC_SCHEMA', `expected a map of ${what}, found ${this.found}`)
    }
    const seen = new Map<string, number>()
    return this.#node.items.map((pair) => {
      const at = new YamlValue(this.#document, this.#lines, pair.key, this.where)
      const key = at.scalar
      if (typeof key !== 'string') {
        throw at.fault('SPEC_SCHEMA', `expected text as key, found ${at.found}; put it in quotes`)
      }
      const before = seen.get(key)
      if (before !== undefined) {
        const twice = `there twice, first on line ${before}; remove or rename one`
        if (onRepeat === 'SPEC_SCHEMA') throw at.fault(onRepeat, `"${key}" is ${twice}`)
        throw at.within({ field: key }).fault(onRepeat, twice)
      }
      seen.set(key, at.where.line)
      const value = new YamlValue(this.#document, this.#lines, pair.value, at.where)
      return { key, at, value }
    })
  }

  /** A map with fixed keys: others are refused, required ones must be there. */
  expectKeys(
    what: string,
    known: readonly string[],
    required: readonly string[] = [],
  ): ReadonlyMap<string, YamlValue> {
    const found = new Map<string, YamlValue>()
    for (const { key, at, value } of this.entries(`keys for ${what}`)) {
      if (!known.includes(key)) {
        throw at.fault('SPEC_SCHEMA', `${what} has no "${key}"; it may have ${known.join(', ')}`)
      }
      found.set(key, value)
    }
    for (const key of required) {
      if (!found.has(key)) throw this.fault('SPEC_SCHEMA', `${what} needs "${key}"; add it`)
    }
    return found
  }

  expectList(what: string): readonly YamlValue[] {
    if (!isSeq(this.#node)) {
      throw this.fault('SPEC_SCHEMA', `expected a list of ${what}, found ${this.found}`)
    }
    if (this.#node.items.length === 0) {
      throw this.fault('SPEC_SCHEMA', `the list of ${what} is empty; name one or drop the key`)
    }
    return this.#node.items.map(
      (item) => new YamlValue(this.#document, this.#lines, item, this.#placeOf(item)),
    )
  }

  #placeOf(item: unknown): Where {
    const start = (item as Node | null)?.range?.[0]
    if (start === undefined) return this.where
    const { line, col } = this.#lines.linePos(start)
    return { ...this.where, line, column: col }
  }

  expectText(what: string, pattern?: RegExp, shape?: string): string {
    const value = this.scalar
    if (typeof value !== 'string') {
      const mend =
        typeof value === 'number' || typeof value === 'boolean' ? '; put quotes round it' : ''
      throw this.fault('SPEC_SCHEMA', `expected ${what} as text, found ${this.found}${mend}`)
    }
    if (value === '')
      throw this.fault('SPEC_SCHEMA', `${what} is empty; fill it in or drop the key`)
    if (pattern !== undefined && !pattern.test(value)) {
      throw this.fault('SPEC_SCHEMA', `expected ${what} as ${shape ?? 'text'}, found "${value}"`)
    }
    return value
  }

  expectWhole(what: string, min: number, max: number): number {
    const value = this.scalar
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      const message = `expected ${what} as a whole number from ${min} to ${max}, found ${this.found}`
      throw this.fault('SPEC_SCHEMA', message)
    }
    return value
  }

  expectTrue(what: string): true {
    if (this.scalar !== true) {
      throw this.fault('SPEC_SCHEMA', `"${what}" is true or left out, found ${this.found}`)
    }
    return true
  }
}
