import { spawnSync } from 'node:child_process'
import {
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { BIN, run, temporaryFolder, tree } from './run.js'
import { sampleText } from './sample.js'

function folderWithInputs(...names: readonly string[]): string {
  const folder = temporaryFolder()
  for (const name of names) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), sampleText())
  }
  return folder
}

/** Runs the command, which must refuse the conflict and leave everything as it was. */
async function refusal(cwd: string, args: readonly string[]): Promise<string> {
  const before = tree(cwd)
  const contents = () => before.map((name) => readIfFile(path.join(cwd, name)))
  const contentsBefore = contents()
  const { code, stderr } = await run(args, { cwd })
  expect(stderr).toContain('[OPTION_CONFLICT]')
  expect(stderr).not.toContain('--force')
  expect(code).toBe(2)
  expect(tree(cwd)).toEqual(before)
  expect(contents()).toEqual(contentsBefore)
  return stderr
}

function readIfFile(file: string): string | null {
  return lstatSync(file).isFile() ? readFileSync(file, 'utf8') : null
}

describe('--force', () => {
  test('does not let the issues replace an input, and neither does its absence', async () => {
    const cwd = folderWithInputs('a.txt', 'b.txt')
    for (const force of [[], ['--force']]) {
      const said = await refusal(cwd, ['a.txt', 'b.txt', '-o', 'o', '--issues', 'b.txt', ...force])
      expect(said).toContain('b.txt is the same file as the input b.txt')
      expect(said).toContain('give --issues another file')
    }
  })

  test.each(['parquet', 'arrow', 'csv', 'ndjson'])(
    'does not let a %s table replace an input, not even one of another input',
    async (format) => {
      const victim = `vic/victim.${format}`
      const cwd = folderWithInputs(victim, 'vic.txt')
      const said = await refusal(cwd, [victim, '-o', 'vic', '--format', format, '--force'])
      expect(said).toContain(`${victim} is the same file as the input ${victim}`)
      expect(said).toContain('choose another folder with -o')
      await refusal(cwd, ['vic.txt', victim, '--format', format, '--force'])
    },
  )

  test('does not let the manifest replace an input', async () => {
    const cwd = folderWithInputs('o/manifest.json')
    await refusal(cwd, ['o/manifest.json', '-o', 'o', '--force'])
  })

  test('does not let an output replace the spec', async () => {
    const cwd = folderWithInputs('a.txt')
    writeFileSync(path.join(cwd, 'own.yaml'), 'spec: own')
    await refusal(cwd, ['a.txt', '--spec', 'own.yaml', '--issues', './own.yaml', '--force'])
  })

  test.skipIf(process.platform === 'win32')('knows an input by its links', async () => {
    const cwd = folderWithInputs('a.txt')
    linkSync(path.join(cwd, 'a.txt'), path.join(cwd, 'hard'))
    symlinkSync('a.txt', path.join(cwd, 'soft'))
    symlinkSync('.', path.join(cwd, 'here'))
    for (const issues of ['hard', 'soft', 'here/a.txt']) {
      await refusal(cwd, ['a.txt', '--issues', issues, '--force'])
      await refusal(cwd, [issues, '--issues', 'a.txt', '--force'])
    }
  })

  test.skipIf(process.platform === 'win32')('knows the file on standard input', () => {
    const cwd = folderWithInputs('a.txt')
    const stdin = openSync(path.join(cwd, 'a.txt'), 'r')
    const args = [BIN, '-', '--issues', 'a.txt', '--force']
    const result = spawnSync(process.execPath, args, {
      cwd,
      stdio: [stdin, 'pipe', 'pipe'],
      encoding: 'utf8',
    })
    closeSync(stdin)
    expect(result.stderr).toContain('a.txt is the same file as the input standard input')
    expect(result.status).toBe(2)
    expect(tree(cwd)).toEqual(['a.txt'])
    expect(readFileSync(path.join(cwd, 'a.txt'))).toEqual(Buffer.from(sampleText()))
  })

  test.skipIf(process.platform === 'win32')('does not replace a named pipe', async () => {
    const cwd = folderWithInputs('a.txt')
    spawnSync('mkfifo', [path.join(cwd, 'pipe')])
    for (const force of [[], ['--force']]) {
      const result = await run(['a.txt', '--issues', 'pipe', ...force], { cwd })
      expect(result.code).toBe(1)
      expect(result.stderr).toMatch(/pipe is a named pipe.*\[OUTPUT_NOT_WRITABLE\]/)
      expect(result.stderr).not.toContain('--force')
      expect(tree(cwd)).toEqual(['a.txt', 'pipe'])
      expect(lstatSync(path.join(cwd, 'pipe')).isFIFO()).toBe(true)
    }
  })
})

describe('--issues', () => {
  test.each(['victim.csv', 'manifest.json'])('cannot be %s of the run', async (name) => {
    const cwd = folderWithInputs('a.txt')
    const args = ['a.txt', '-o', 'o', '--format', 'csv', '--issues', `o/${name}`]
    expect(await refusal(cwd, args)).toContain(
      `--issues o/${name} is also where ${name} is written`,
    )
    await refusal(cwd, [...args, '--force'])
    const later = await run(['a.txt', '-o', 'o', '--format', 'csv', '--segment', 'offense'], {
      cwd,
    })
    expect(later.code).toBe(0)
    if (name === 'manifest.json') await refusal(cwd, [...args, '--force'])
  })

  test('may stand beside the tables', async () => {
    const cwd = folderWithInputs('a.txt')
    const args = ['a.txt', '-o', 'o', '--segment', 'offense', '--issues', 'o/victim.parquet']
    expect(await run(args, { cwd })).toMatchObject({ code: 0 })
    expect(await run([...args, '--force'], { cwd })).toMatchObject({ code: 0 })
    expect(tree(cwd)).toContain('o/victim.parquet')
  })
})
