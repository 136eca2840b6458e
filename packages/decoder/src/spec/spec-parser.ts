import { readCodeTable } from './code-table.js'
import { compileSpec } from './compile.js'
import type { Placed, SpecDocument, SpecSource } from './document.js'
import { readSpecDocument } from './schema.js'
import { isSpecId } from './spec-id.js'
import type { CodeTable, CompiledSpec } from './types.js'
import { specFault, type Where } from './yaml-source.js'

/** A file a spec refers to: its name for messages and further references, and its text. */
export interface ResolvedFile {
  readonly file: string
  readonly text: string
}

/**
 * Finds what a spec refers to: another spec by id (`nibrs/master@2013`) or by path, or a code
 * table by path. Paths are relative to `from`, the file that says so. `null` when there is none.
 */
export type ResolveReference = (
  reference: string,
  from: string,
) => ResolvedFile | null | Promise<ResolvedFile | null>

/** Compiles specs with what they refer to; each file is read once, each code table made once. */
export class SpecParser {
  readonly #resolve: ResolveReference
  readonly #documents = new Map<string, SpecDocument>()
  readonly #tables = new Map<string, CodeTable>()

  constructor(resolve: ResolveReference) {
    this.#resolve = resolve
  }

  /** The checked form of a spec file; the same object for the same file. */
  document({ text, file }: ResolvedFile): SpecDocument {
    let document = this.#documents.get(file)
    if (document === undefined) {
      document = readSpecDocument(text, file)
      this.#documents.set(file, document)
    }
    return document
  }

  /** An overlay compiles to the spec it extends, with itself in force whatever the year. */
  async compile(document: SpecDocument): Promise<CompiledSpec> {
    if (document.extends === undefined) return this.#compileBase(document)
    const base = await this.#refer(document.extends, document, 'the spec it extends')
    if (base.extends !== undefined) {
      const message = `${base.id} is an overlay itself; extend the spec it extends`
      throw specFault('SPEC_OVERLAY', document.extends.where, message)
    }
    return this.#compileBase(base, document)
  }

  /** A spec file with the code tables its fields name. */
  async #withCodes(document: SpecDocument): Promise<SpecSource> {
    const codeTables = new Map(document.codeTables)
    const missing = new Map<string, Placed<string>>()
    for (const name of namedTables(document)) {
      if (!codeTables.has(name.value) && !missing.has(name.value)) missing.set(name.value, name)
    }
    const names = [...missing.values()]
    // Read side by side, judged in the spec's order: the first fault is always the same one.
    const found = await Promise.all(names.map((name) => this.#findTable(name.value, document)))
    for (const [at, name] of names.entries()) {
      codeTables.set(name.value, this.#codeTable(name, document, found[at]!))
    }
    return { document, codeTables }
  }

  async #compileBase(base: SpecDocument, forced?: SpecDocument): Promise<CompiledSpec> {
    const shape = base.shape === undefined ? undefined : await this.#shape(base.shape, base)
    const overlays: (SpecSource & { forced: boolean })[] = []
    for (const reference of base.overlays) {
      const overlay = await this.#refer(reference, base, 'the overlay')
      await this.#checkParent(overlay, base, reference.where)
      if (overlay.id === forced?.id) continue
      overlays.push({ ...(await this.#withCodes(overlay)), forced: false })
    }
    if (forced !== undefined) overlays.push({ ...(await this.#withCodes(forced)), forced: true })
    return compileSpec({
      ...(await this.#withCodes(base)),
      ...(shape === undefined ? {} : { shape }),
      overlays,
      ...(forced === undefined ? {} : { identity: forced }),
    })
  }

  async #shape(reference: Placed<string>, from: SpecDocument): Promise<CompiledSpec> {
    const document = await this.#refer(reference, from, 'the shape')
    if (document.shape !== undefined || document.extends !== undefined) {
      const message = `${document.id} has no shape of its own to lend; name the spec it follows`
      throw specFault('SPEC_SHAPE', reference.where, message)
    }
    return this.#compileBase(document)
  }

  async #checkParent(overlay: SpecDocument, base: SpecDocument, where: Where): Promise<void> {
    const parent =
      overlay.extends === undefined
        ? null
        : await this.#refer(overlay.extends, overlay, 'the spec it extends')
    if (parent?.id === base.id) return
    const message =
      parent === null
        ? `${overlay.id} has no "extends", so it is no overlay`
        : `${overlay.id} extends ${parent.id}, not ${base.id}`
    throw specFault('SPEC_OVERLAY', where, `${message}; correct the overlay or this list`)
  }

  async #refer(
    { value, where }: Placed<string>,
    from: SpecDocument,
    what: string,
  ): Promise<SpecDocument> {
    const found = await this.#resolve(value, from.file)
    if (found === null) {
      const kind = isSpecId(value) ? 'a bundled spec' : 'a file beside this one'
      const message = `${what} "${value}" was not found; name ${kind} that exists`
      throw specFault('SPEC_NOT_FOUND', where, message)
    }
    return this.document(found)
  }

  async #findTable(name: string, document: SpecDocument): Promise<ResolvedFile | null> {
    const path = tablePath(name, document)
    return path === null ? null : this.#resolve(path, document.file)
  }

  #codeTable(name: Placed<string>, document: SpecDocument, found: ResolvedFile | null): CodeTable {
    if (found === null) {
      const path = tablePath(name.value, document)
      const mend =
        path === null
          ? 'add it under code_tables, or name a code_folder'
          : `add it under code_tables, or as ${path}`
      const message = `there is no code table "${name.value}"; ${mend}`
      throw specFault('SPEC_UNKNOWN_CODE_TABLE', name.where, message)
    }
    let table = this.#tables.get(found.file)
    if (table === undefined) {
      table = readCodeTable(found.text, found.file)
      this.#tables.set(found.file, table)
    }
    if (table.name !== name.value) {
      const message = `the file is for code_table "${name.value}", but says "${table.name}"`
      const where = { file: found.file, line: 1, column: 1 }
      throw specFault('SPEC_SCHEMA', where, `${message}; make name and file name equal`)
    }
    return table
  }
}

function tablePath(name: string, { codeFolder }: SpecDocument): string | null {
  return codeFolder === undefined ? null : `${codeFolder.replace(/\/+$/, '')}/${name}.yaml`
}

function namedTables(document: SpecDocument): readonly Placed<string>[] {
  const fields = document.segments
    .flatMap((segment) => segment.parts)
    .flatMap((part) => part.fields)
    .flatMap((node) => (node.kind === 'group' ? node.fields : [node]))
  return [document.level?.codes, ...fields.map((field) => field.codes)].filter(
    (name): name is Placed<string> => name !== undefined,
  )
}
