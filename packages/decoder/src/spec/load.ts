import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { SpecError } from '../errors.js'
import { readCompiledSpec } from './compiled-json.js'
import type { SpecDocument } from './document.js'
import { isSpecId } from './spec-id.js'
import type { ResolvedFile, ResolveReference, SpecParser } from './spec-parser.js'
import type { CompiledSpec } from './types.js'

export type { ResolvedFile, ResolveReference } from './spec-parser.js'

/** A bundled spec, as listed. */
export interface SpecSummary {
  /** What `loadSpec` takes: `nibrs/master@2013`. */
  readonly id: string
  readonly title: string
  readonly revision: number
  /** First and last data year it is for; `null` as the last for a layout still in use. */
  readonly dataYears: readonly [number, number | null] | null
  /** The spec it changes for some records; null for a spec of its own. */
  readonly extends: string | null
  /** Path of its YAML file. */
  readonly file: string
}

export interface ParseSpecOptions {
  /** Name of the text in messages, and what paths are relative to. Default `spec.yaml`. */
  readonly file?: string
  /** Default: nothing is found, so the spec must stand on its own. */
  readonly resolve?: ResolveReference
}

/**
 * Checks and compiles a spec given as text. Does no input or output of its own: whatever the
 * text refers to comes from `resolve`.
 *
 * @throws {SpecError} naming file, line, column, field and the mend.
 */
export async function parseSpec(
  text: string,
  options: ParseSpecOptions = {},
): Promise<CompiledSpec> {
  const parser = await newParser(options.resolve ?? (() => null))
  return parser.compile(parser.document({ text, file: options.file ?? 'spec.yaml' }))
}

/** Parsing and checking YAML takes a lot of code, which programs with bundled specs do not load. */
async function newParser(resolve: ResolveReference): Promise<SpecParser> {
  const { SpecParser } = await import('./spec-parser.js')
  return new SpecParser(resolve)
}

let bundled: Promise<SpecParser> | null = null

/** Bundled files do not change while the program runs, so each is parsed once. */
function bundledParser(): Promise<SpecParser> {
  bundled ??= newParser(resolveFile)
  return bundled
}

/**
 * Loads a spec, checks it and makes it ready to decode with.
 *
 * @param spec a bundled spec's id (`nibrs/master@2013`), or the path or `file:` URL of a YAML file
 * @throws {SpecError} `SPEC_NOT_FOUND` when there is no such spec; any other code when the spec
 * itself is wrong: the message names file, line, column, field and the mend
 */
export async function loadSpec(spec: string | URL): Promise<CompiledSpec> {
  const compiled = await compiledSpec(String(spec))
  if (compiled !== null) return compiled
  const found = await find(spec)
  const isBundled = typeof spec === 'string' && isSpecId(spec)
  const parser = await (isBundled ? bundledParser() : newParser(resolveFile))
  return parser.compile(parser.document(found))
}

/** What the build lists of the bundled specs, files relative to their folder. */
const COMPILED_LIST = path.join('compiled', 'list.json')

const compiled = new Map<string, CompiledSpec>()

/** A bundled spec as the build has written it; null in source, and for specs of users. */
async function compiledSpec(id: string): Promise<CompiledSpec | null> {
  if (!isSpecId(id)) return null
  let spec = compiled.get(id) ?? null
  if (spec !== null) return spec
  const file = path.join(specsFolder(), 'compiled', `${id.replaceAll('/', '-')}.json`)
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null) return null
  spec = readCompiledSpec(text)
  compiled.set(id, spec)
  return spec
}

/** The bundled specs, sorted by id. */
export async function listSpecs(): Promise<readonly SpecSummary[]> {
  const text = await readFile(path.join(specsFolder(), COMPILED_LIST), 'utf8').catch(() => null)
  if (text !== null) {
    const listed = JSON.parse(text) as readonly SpecSummary[]
    return listed.map((item) => ({ ...item, file: path.join(specsFolder(), item.file) }))
  }
  const parser = await bundledParser()
  const summaries = (await bundledFiles()).map((file) => summary(parser.document(file)))
  return summaries.sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** The folder of the bundled specs. */
export function specsFolder(): string {
  const here = import.meta.url
  // In source the specs are those of the repository; built, those copied beside `dist`.
  if (here.endsWith('/src/spec/load.ts')) return fileURLToPath(new URL('../../../../specs', here))
  const [, root] = /^(.*\/)dist\//.exec(here) ?? []
  return fileURLToPath(root === undefined ? new URL('../specs', here) : new URL('specs', root))
}

function summary(document: SpecDocument): SpecSummary {
  return {
    id: document.id,
    title: document.title,
    revision: document.revision,
    dataYears: document.appliesTo?.dataYears ?? document.dataYears,
    extends: document.extends?.value ?? null,
    file: document.file,
  }
}

async function find(spec: string | URL): Promise<ResolvedFile> {
  const name = String(spec)
  if (typeof spec === 'string' && isSpecId(spec)) {
    const found = await readIfThere(bundledPath(spec))
    if (found !== null) return found
    const known = (await listSpecs()).map((item) => item.id).join(', ')
    const message = `there is no bundled spec "${spec}"; use one of ${known}, or the path of a file`
    throw new SpecError('SPEC_NOT_FOUND', message, { spec })
  }
  if (/^[a-z][a-z0-9+.-]+:/i.test(name) && !name.startsWith('file:') && !path.isAbsolute(name)) {
    const message = `a spec is read from a file, not from "${name}"; download it and give its path`
    throw new SpecError('SPEC_NOT_FOUND', message, { file: name })
  }
  const file = name.startsWith('file:') ? fileURLToPath(name) : name
  const found = await readIfThere(file)
  if (found !== null) return found
  const message = `there is no spec file "${file}"; give a path, or an id such as nibrs/master@2013`
  throw new SpecError('SPEC_NOT_FOUND', message, { file })
}

function bundledPath(id: string): string {
  const [family, version] = id.split('@') as [string, string]
  return path.join(specsFolder(), ...family.split('/'), `${version}.yaml`)
}

async function resolveFile(reference: string, from: string): Promise<ResolvedFile | null> {
  if (isSpecId(reference)) return readIfThere(bundledPath(reference))
  return readIfThere(path.resolve(path.dirname(from), reference))
}

/** The file, or null when there is none; any other failure to read it is passed on as such. */
async function readIfThere(file: string): Promise<ResolvedFile | null> {
  try {
    return { file, text: await readFile(file, 'utf8') }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    const message = `spec file "${file}" cannot be read (${code ?? 'unknown'}); check the path`
    throw new SpecError('SPEC_NOT_FOUND', message, { file, cause })
  }
}

/** Spec files sit in folders that hold no code tables: `nibrs/master/2013.yaml`. */
async function bundledFiles(): Promise<readonly ResolvedFile[]> {
  const folder = specsFolder()
  const names = await readdir(folder, { recursive: true })
  const files: ResolvedFile[] = []
  for (const name of names.sort()) {
    if (!name.endsWith('.yaml') || path.basename(path.dirname(name)) === 'codes') continue
    const found = await readIfThere(path.join(folder, name))
    if (found !== null) files.push(found)
  }
  return files
}
