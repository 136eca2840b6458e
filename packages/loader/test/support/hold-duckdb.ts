import { type ChildProcess, spawn } from 'node:child_process'

/** Has another process open a DuckDB file for so many milliseconds; resolves once it is open. */
export async function holdDuckdb(file: string, ms: number): Promise<ChildProcess> {
  const script = `
    import { DuckDBInstance } from '@duckdb/node-api'
    const instance = await DuckDBInstance.create(${JSON.stringify(file)})
    console.log('open')
    setTimeout(() => instance.closeSync(), ${ms})`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => holder.stdout.once('data', resolve))
  return holder
}
