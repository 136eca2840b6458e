import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format } from 'node:util'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { decode } from '../../src/decode.js'
import { events, incidents } from '../../src/incidents.js'
import { rows } from '../../src/rows.js'
import { loadSpec } from '../../src/spec/load.js'

const guide = readFileSync(
  fileURLToPath(new URL('../../../../docs/guides/incidents.md', import.meta.url)),
  'utf8',
)
const texts = (language: string): string[] =>
  [...guide.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, found, text]) =>
    found === language ? [text!] : [],
  )
const [extract] = texts('text')

/** Runs a block of the guide over the extract; returns what it logs. */
async function run(block: string): Promise<string> {
  const code = block.replace(/^import \{ ([^}]+) \} from '@nibrs\/decoder'\n/, '')
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  })
  let logged = ''
  const log = (...values: unknown[]): void => void (logged += `${format(...values)}\n`)
  const openInput = (name: string): Uint8Array[] => {
    expect(name).toBe('extract.txt')
    return [Buffer.from(extract!, 'latin1')]
  }
  const scope = { decode, events, incidents, rows, loadSpec, openInput, console: { log } }
  const body = `return (async () => {\n${outputText}\n})()`
  await (new Function(...Object.keys(scope), body) as (...values: unknown[]) => Promise<void>)(
    ...Object.values(scope),
  )
  return logged
}

describe('the guide to incidents', () => {
  it('shows the output of each of its programs', async () => {
    const programs = texts('ts')
    expect(programs).toHaveLength(3)
    const outputs = []
    for (const program of programs) outputs.push(await run(program))
    expect(texts('console')).toEqual(outputs)
  })
})
