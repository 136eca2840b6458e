import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { run, temporaryFolder } from './run.js'
import { sampleText } from './sample.js'

describe('mistakes in the command are exit 2 with one sentence', () => {
  test.each([
    ['no file', [], 'no file given'],
    [
      'an unknown option',
      ['--segmnt', 'x', 'a.zip'],
      'no option --segmnt; did you mean --segment?',
    ],
    ['an unknown short one', ['-f', 'a.zip'], 'there is no option -f'],
    ['nothing like an option', ['--zzzzzzzz', 'a.zip'], 'there is no option --zzzzzzzz\n'],
    ['a value left out', ['a.zip', '--spec'], '--spec needs a value'],
    ['a flag in place of a value', ['a.zip', '-o', '--force'], '-o needs a value'],
    ['a value too many', ['a.zip', '--force=yes'], '--force takes no value, got "yes"'],
    ['an option given twice', ['a.zip', '-o', 'x', '-o', 'y'], '-o is given twice'],
    ['standard input twice', ['-', '-'], 'standard input can be read once'],
    ['issues to a stream', ['a.zip', '--issues', '-'], '--issues takes a file, not a stream'],
    ['an unknown format', ['a.zip', '--format', 'parket'], 'did you mean parquet?'],
    [
      'a limit of none',
      ['a.zip', '--limit', '0'],
      '--limit is "0", expected a whole number from 1',
    ],
    ['a limit in words', ['a.zip', '--limit', 'ten'], '--limit is "ten"'],
    ['no thread', ['a.zip', '--threads', '0'], 'a whole number from 1 to 64'],
    ['half a thread', ['a.zip', '--threads', '1.5'], '--threads is "1.5"'],
  ])('%s', async (_name, args, message) => {
    const result = await run(args, { cwd: temporaryFolder() })
    expect(result.code).toBe(2)
    expect(result.stderr).toContain(message)
    expect(result.stderr).toContain('See nibrs-decode --help.')
    expect(result.stdout.length).toBe(0)
  })

  test('several segments to a stream, in a dry run too', async () => {
    const cwd = temporaryFolder()
    writeFileSync(path.join(cwd, 'a.txt'), sampleText())
    for (const dry of [[], ['-n']]) {
      const result = await run(['a.txt', '-o', '-', '--format', 'csv', ...dry], { cwd })
      expect(result.code).toBe(2)
      expect(result.stderr).toContain('a stream takes one segment, and 11 are selected')
      expect(result.stdout.length).toBe(0)
    }
  })

  test('an unknown segment, with the ones there are', async () => {
    const cwd = temporaryFolder()
    writeFileSync(path.join(cwd, 'a.txt'), sampleText())
    const result = await run(['a.txt', '--segment', 'offence'], { cwd })
    expect(result.code).toBe(2)
    expect(result.stderr).toContain('has no segment "offence", it has batch_header, administrative')
    expect(result.stderr).toContain('did you mean offense?')
  })
})

describe('what needs no file', () => {
  test('--help shows every option on standard output', async () => {
    const { code, stdout, stderr } = await run(['--help'])
    expect([code, stderr]).toEqual([0, ''])
    const help = stdout.toString()
    const source = readFileSync(new URL('../../src/cli/args.ts', import.meta.url), 'utf8')
    const flags = source.slice(source.indexOf('const FLAGS'), source.indexOf('as const satisfies'))
    const names = [...flags.matchAll(/^ {2}'?([a-z-]+)'?: \{/gm)].map(([, name]) => name)
    expect(names).toContain('list-specs')
    for (const name of names) expect(help).toContain(`--${name}`)
    for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })

  test('--version is the version of the package', async () => {
    const { stdout } = await run(['--version'])
    const file = new URL('../../package.json', import.meta.url)
    expect(stdout.toString()).toBe(`${JSON.parse(readFileSync(file, 'utf8')).version}\n`)
  })

  test('--list-specs names ids, data years and revisions', async () => {
    const { code, stdout } = await run(['--list-specs'])
    expect(code).toBe(0)
    expect(stdout.toString()).toMatch(/^nibrs\/master@1991 +1991 to 2001 +revision \d+ /m)
    expect(stdout.toString()).toMatch(/^nibrs\/master@2013 +2013 to now /m)
    const list = JSON.parse((await run(['--list-specs', '--json'])).stdout.toString())
    expect(list.map((spec: { id: string }) => spec.id)).toContain('nibrs/master@2015-vermont')
  })

  test('--check-spec accepts a good spec and tells what is wrong with a bad one', async () => {
    const cwd = temporaryFolder()
    const good = [
      'format: 1',
      'id: mine/own',
      'version: "1"',
      'revision: 1',
      'title: My own',
      'data_years: [2000, null]',
      'encoding: ascii',
      'segments:',
      '  thing:',
      '    length: 6',
      '    fields:',
      '      a: { pos: 1-3, type: text }',
      '      b: { pos: 4-6, type: integer }',
      '',
    ].join('\n')
    writeFileSync(path.join(cwd, 'good.yaml'), good)
    writeFileSync(path.join(cwd, 'bad.yaml'), good.replace('pos: 4-6', 'pos: 3-6'))
    const accepted = await run(['--check-spec', 'good.yaml'], { cwd })
    expect([accepted.code, accepted.stdout.toString()]).toEqual([
      0,
      'good.yaml is a good spec: mine/own@1, revision 1\n  thing: 2 columns\n',
    ])
    const refused = await run(['--check-spec', 'bad.yaml'], { cwd })
    expect([refused.code, refused.stdout.length]).toEqual([1, 0])
    expect(refused.stderr).toMatch(/bad\.yaml.*13.*"?b"?.*\[SPEC_OVERLAP\]/)
  })
})

describe('style of the output', () => {
  test('--quiet says nothing when all is well, and still says what failed', async () => {
    const cwd = temporaryFolder()
    writeFileSync(path.join(cwd, 'a.txt'), sampleText())
    const fine = await run(['a.txt', '-q'], { cwd })
    expect([fine.code, fine.stdout.length, fine.stderr]).toEqual([0, 0, ''])
    const failed = await run(['b.txt', '--quiet'], { cwd })
    expect(failed.stderr).toMatch(/^nibrs-decode: there is no file b\.txt.*\[INPUT_NOT_FOUND\]\n$/)
  })

  test('--json is one document on standard output', async () => {
    const cwd = temporaryFolder()
    writeFileSync(path.join(cwd, 'a.txt'), sampleText())
    const { stdout } = await run(['a.txt', '--json'], { cwd })
    const { inputs, issuesFile } = JSON.parse(stdout.toString())
    expect(issuesFile).toBeNull()
    expect(inputs).toHaveLength(1)
    expect(inputs[0]).toMatchObject({ source: { name: 'a.txt', kind: 'text' }, format: 'parquet' })
    expect(inputs[0].elapsedMs).toBeGreaterThan(0)
  })

  test('--json of a failure has the error with its code', async () => {
    const { code, stdout } = await run(['nowhere.zip', '--json'], { cwd: temporaryFolder() })
    expect(code).toBe(1)
    expect(JSON.parse(stdout.toString())).toMatchObject({
      error: { name: 'InputError', code: 'INPUT_NOT_FOUND', file: 'nowhere.zip' },
    })
  })

  test('stack traces only with --debug', async () => {
    const plain = await run(['nowhere.zip'], { cwd: temporaryFolder() })
    expect(plain.stderr).not.toMatch(/\n +at /)
    const debug = await run(['nowhere.zip', '--debug'], { cwd: temporaryFolder() })
    expect(debug.stderr).toMatch(/\n +at /)
  })
})
