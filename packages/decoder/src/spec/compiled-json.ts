import type { CodeEntry, CodeTable, CompiledSpec } from './types.js'

/**
 * Compiled specs as JSON text: the bundled ones are written at build time, so that a program need
 * not parse and check YAML at every start. Code tables are written once and shared again on
 * reading, as the compiler shares them.
 */

interface WrittenTable extends Omit<CodeTable, 'codes'> {
  readonly codes: readonly (readonly [string, CodeEntry])[]
}

interface Written {
  readonly spec: unknown
  readonly codeTables: Readonly<Record<string, WrittenTable>>
}

const REFERENCE = '$codes'

function isCodeTable(value: unknown): value is CodeTable {
  return (
    typeof value === 'object' && value !== null && 'codes' in value && value.codes instanceof Map
  )
}

/** Text for {@link readCompiledSpec}. */
export function writeCompiledSpec(spec: CompiledSpec): string {
  const codeTables: Record<string, WrittenTable> = {}
  const text = JSON.stringify(spec, (_key, value: unknown) => {
    if (!isCodeTable(value)) return value
    codeTables[value.name] = { ...value, codes: [...value.codes] }
    return { [REFERENCE]: value.name }
  })
  return JSON.stringify({ spec: JSON.parse(text) as unknown, codeTables } satisfies Written)
}

/** The spec a text of {@link writeCompiledSpec} was made of. */
export function readCompiledSpec(text: string): CompiledSpec {
  const { spec, codeTables } = JSON.parse(text) as Written
  const shared = new Map<string, CodeTable>()
  for (const [name, table] of Object.entries(codeTables)) {
    shared.set(name, { ...table, codes: new Map(table.codes) })
  }
  resolveReferences(spec as Record<string, unknown>, shared)
  return spec as CompiledSpec
}

/** Puts code tables in place of what refers to them, anywhere in `parent`. */
function resolveReferences(
  parent: Record<string, unknown>,
  shared: ReadonlyMap<string, CodeTable>,
): void {
  for (const key in parent) {
    const value = parent[key]
    if (typeof value !== 'object' || value === null) continue
    if (REFERENCE in value) parent[key] = shared.get(value[REFERENCE] as string)
    else resolveReferences(value as Record<string, unknown>, shared)
  }
}
