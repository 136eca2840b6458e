import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type PostgresServer, startPostgres } from '../support/postgres-server.js'

/** Where warehouses of one kind are made, each with nothing of another beside it. */
export interface Place {
  readonly name: 'duckdb' | 'postgres'
  /** False where it cannot be had on this machine. */
  start(): Promise<boolean>
  /** URL of an empty warehouse. */
  make(): Promise<string>
  /** URL of another one with the same in it. */
  copy(url: string): Promise<string>
  remove(url: string): Promise<void>
  stop(): Promise<void>
}

export function duckdbPlace(): Place {
  const root = mkdtempSync(path.join(tmpdir(), 'cwkill-'))
  let count = 0
  const make = async () => {
    const folder = path.join(root, `w${++count}`)
    mkdirSync(folder)
    return `duckdb:${path.join(folder, 'crime.duckdb')}`
  }
  const fileOf = (url: string) => url.slice('duckdb:'.length)
  return {
    name: 'duckdb',
    start: async () => true,
    make,
    async copy(url) {
      const copy = await make()
      copyFileSync(fileOf(url), fileOf(copy))
      return copy
    },
    remove: async (url) => rmSync(path.dirname(fileOf(url)), { recursive: true }),
    stop: async () => rmSync(root, { recursive: true, force: true }),
  }
}

export function postgresPlace(): Place {
  let server: PostgresServer | null = null
  let count = 0
  const nameOf = (url: string) => /\/(\w+)\?/.exec(url)![1]!
  const run = async (...statements: string[]) => {
    const { default: pg } = await import('pg')
    const client = new pg.Client({ connectionString: server!.url })
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }
  const create = async (template: string) => {
    const name = `w${++count}`
    await run(`CREATE DATABASE ${name} TEMPLATE ${template}`)
    return `${server!.url.replace('/postgres?', `/${name}?`)}&schema=crime`
  }
  return {
    name: 'postgres',
    async start() {
      server = await startPostgres()
      return server !== null
    },
    make: () => create('template0'),
    copy: (url) => create(nameOf(url)),
    remove: (url) => run(`DROP DATABASE ${nameOf(url)}`),
    stop: async () => server?.stop(),
  }
}
