import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

/** A program found on this machine. */
export interface Peer {
  readonly program: string
  /** Its first words about itself. */
  readonly version: string
}

/** What there is to measure against; null where it is not installed. */
export interface Peers {
  readonly duckdb: { readonly version: string }
  readonly csvStringify: { readonly version: string }
  /** Folder that polars is installed in, never a dependency of this repository. */
  readonly polars: { readonly folder: string; readonly version: string } | null
  readonly unzip: Peer | null
  readonly mawk: Peer | null
  readonly psql: Peer | null
  readonly compiler: Peer | null
}

/**
 * Looks for the peers.
 *
 * @param polarsFolder where `npm install --prefix <folder> nodejs-polars` has put polars, if it has
 */
export function findPeers(polarsFolder: string): Peers {
  const require = createRequire(import.meta.url)
  const versionOf = (entry: string): string => versionOfPackage(require.resolve(entry))
  return {
    duckdb: { version: versionOf('@duckdb/node-api') },
    csvStringify: { version: versionOf('csv-stringify') },
    polars: findPolars(polarsFolder),
    unzip: findProgram('unzip', ['-v']),
    mawk: findProgram('mawk', ['-W', 'version']),
    psql: findProgram('psql', ['--version']),
    compiler: findProgram('gcc', ['--version']) ?? findProgram('clang', ['--version']),
  }
}

function findProgram(program: string, args: readonly string[]): Peer | null {
  const { error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (error !== undefined) return null
  const [version = program] = (stdout || stderr).split('\n')
  return { program, version: version.replace(/, by .*| of \d.*|Copyright.*/, '').trim() }
}

function findPolars(folder: string): Peers['polars'] {
  const manifest = path.join(folder, 'node_modules/nodejs-polars/package.json')
  if (!existsSync(manifest)) return null
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  return { folder, version }
}

/** The version in the `package.json` of the folder, or one above it, that a file stands in. */
function versionOfPackage(file: string): string {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const manifest = path.join(folder, 'package.json')
    if (existsSync(manifest)) {
      const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version?: string }
      if (version !== undefined) return version
    }
    if (folder === path.dirname(folder)) throw new Error(`${file} belongs to no package`)
  }
}
