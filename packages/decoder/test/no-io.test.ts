import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const source = fileURLToPath(new URL('../src/', import.meta.url))

/** What a module imports at run time: other modules of the package, and packages. */
function importsOf(file: string): { readonly own: string[]; readonly packages: string[] } {
  const text = readFileSync(file, 'utf8')
  const own: string[] = []
  const packages: string[] = []
  const statement = /^(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm
  for (const [, name] of text.matchAll(statement)) {
    if (name!.startsWith('.'))
      own.push(path.resolve(path.dirname(file), name!.replace(/\.js$/, '.ts')))
    else packages.push(name!)
  }
  for (const [, name] of text.matchAll(/\bimport\('([^']+)'\)/g)) packages.push(name!)
  return { own, packages }
}

function reachable(entry: string): { readonly files: Set<string>; readonly packages: Set<string> } {
  const files = new Set<string>()
  const packages = new Set<string>()
  const queue = [path.join(source, entry)]
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (files.has(file)) continue
    files.add(file)
    const found = importsOf(file)
    queue.push(...found.own)
    for (const name of found.packages) packages.add(name)
  }
  return { files, packages }
}

it.each(['decode.ts', 'incidents.ts', 'rows.ts', 'drain.ts'])(
  '%s and all it imports need no file system, no process and no library',
  (entry) => {
    const { files, packages } = reachable(entry)
    expect([...packages]).toEqual([])
    expect([...files].map((file) => path.relative(source, file))).toContain(entry)
    for (const file of files) {
      expect(readFileSync(file, 'utf8')).not.toMatch(/\b(?:process|Buffer|__dirname)\./)
    }
  },
)

it('the search for imports finds those of a module that has some', () => {
  expect([...reachable('input.ts').packages]).toContain('node:fs')
})
