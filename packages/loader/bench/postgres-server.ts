import { spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** A running server, and the client program to compare with. */
export interface BenchServer {
  /** Without a password: it listens on a socket of its own. */
  readonly url: string
  readonly version: string
  readonly psql: string
  stop(): Promise<void>
}

const START_MS = 30_000

/** Starts a PostgreSQL that is thrown away; null where there is none, or no psql. */
export async function startServer(): Promise<BenchServer | null> {
  const system = '/usr/lib/postgresql'
  const versions = existsSync(system) ? readdirSync(system).sort() : []
  const folders = [process.env['PG_BIN'] ?? '', ...versions.map((v) => `${system}/${v}/bin`)]
  const bin = folders.findLast((folder) => existsSync(path.join(folder, 'initdb')))
  if (bin === undefined || spawnSync('psql', ['--version']).status !== 0) return null
  // A socket's path holds 107 bytes at most.
  const folder = mkdtempSync(path.join(os.tmpdir(), 'cwb'))
  const user = serverUser()
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid!)
  const data = path.join(folder, 'data')
  const args = ['-D', data, '-U', 'crimewh', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8']
  const made = spawnSync(path.join(bin, 'initdb'), [...args, '--no-sync'], {
    ...user,
    cwd: folder,
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`)
  const settings = ['listen_addresses=', `unix_socket_directories=${folder}`, 'max_wal_size=8GB']
  const server = spawn(
    path.join(bin, 'postgres'),
    ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    { ...user, cwd: folder, stdio: 'ignore' },
  )
  const ended = new Promise<void>((resolve) => server.on('close', () => resolve()))
  const url = `postgres://crimewh@/postgres?host=${folder}`
  const giveUpAt = Date.now() + START_MS
  const ask = () => spawnSync('psql', [url, '-Atc', 'SHOW server_version'], { encoding: 'utf8' })
  let answer = ask()
  while (answer.status !== 0) {
    if (Date.now() > giveUpAt) throw new Error(`PostgreSQL did not start: ${answer.stderr}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
    answer = ask()
  }
  return {
    url,
    version: answer.stdout.trim().split(' ')[0]!,
    psql: 'psql',
    async stop() {
      server.kill('SIGINT')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
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
