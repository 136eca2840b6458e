import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OptionError } from '../../src/errors.js'
import { AtomicFiles } from '../../src/sinks/atomic-files.js'

let folder: string

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'atomic-files-'))
})

afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true })
})

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function read(fileName: string): string {
  return fs.readFileSync(join(folder, fileName), 'utf8')
}

async function failureOf(promise: Promise<unknown>): Promise<OptionError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(OptionError)
  return error as OptionError
}

describe('AtomicFiles', () => {
  test('files have temporary names until commit and final names after', async () => {
    const files = new AtomicFiles({ directory: folder, force: false })
    const victim = await files.open('victim.csv')
    const offense = await files.open('offense.csv')
    victim.write(bytes('one,'))
    offense.write(bytes('theft'))
    victim.write(bytes('two!!!'), 3)
    expect(victim.position).toBe(7)
    const during = fs.readdirSync(folder)
    expect(during).toHaveLength(2)
    for (const name of during) {
      expect(name).toMatch(
        new RegExp(`^\\.(victim|offense)\\.csv\\.${process.pid}-[0-9a-f]+\\.partial$`),
      )
    }
    expect(await files.commit()).toEqual([join(folder, 'victim.csv'), join(folder, 'offense.csv')])
    expect(fs.readdirSync(folder).sort()).toEqual(['offense.csv', 'victim.csv'])
    expect(read('victim.csv')).toBe('one,two')
    expect(read('offense.csv')).toBe('theft')
  })

  test('a position set by the caller is where the next write goes', async () => {
    const files = new AtomicFiles({ directory: folder, force: false })
    const file = await files.open('a')
    file.write(bytes('....data'))
    file.position = 0
    file.write(bytes('HEAD'))
    expect(file.position).toBe(4)
    await files.commit()
    expect(read('a')).toBe('HEADdata')
  })

  test('the folder is created with its parents, and removed on abort', async () => {
    const directory = join(folder, 'a', 'b', 'c')
    const files = new AtomicFiles({ directory, force: false })
    const file = await files.open('x')
    expect(fs.existsSync(file.temporaryPath)).toBe(true)
    await files.abort()
    expect(fs.readdirSync(folder)).toEqual([])
  })

  test('abort keeps a folder that was there before', async () => {
    const files = new AtomicFiles({ directory: folder, force: false })
    await files.open('x')
    await files.abort()
    expect(fs.readdirSync(folder)).toEqual([])
  })

  test('abort keeps a created folder into which someone else has written', async () => {
    const directory = join(folder, 'a', 'b')
    const files = new AtomicFiles({ directory, force: false })
    await files.open('x')
    fs.writeFileSync(join(folder, 'a', 'note'), 'mine')
    await files.abort()
    expect(fs.readdirSync(join(folder, 'a'))).toEqual(['note'])
  })

  test('abort does its work before it returns, a second time does nothing', async () => {
    const files = new AtomicFiles({ directory: folder, force: false })
    const file = await files.open('x')
    const aborted = files.abort()
    expect(fs.readdirSync(folder)).toEqual([])
    expect(() => fs.fstatSync(file.fd)).toThrow('EBADF')
    await aborted
    await files.abort()
    expect(() => file.write(bytes('late'))).toThrow('closed')
    await expect(files.commit()).rejects.toThrow('already aborted')
    await expect(files.open('y')).rejects.toThrow('already aborted')
  })

  test('abort after commit keeps the files', async () => {
    const files = new AtomicFiles({ directory: folder, force: false })
    await files.open('x')
    await files.commit()
    await files.abort()
    expect(fs.readdirSync(folder)).toEqual(['x'])
  })

  test('every file in the way is named before anything is written', async () => {
    fs.writeFileSync(join(folder, 'a.csv'), 'old')
    fs.writeFileSync(join(folder, 'c.csv'), 'old')
    const files = new AtomicFiles({ directory: folder, force: false })
    const error = await failureOf(files.reserve(['a.csv', 'b.csv', 'c.csv']))
    expect(error.code).toBe('OUTPUT_EXISTS')
    expect(error.message).toContain('a.csv, c.csv')
    expect((await failureOf(files.open('c.csv'))).code).toBe('OUTPUT_EXISTS')
    await files.abort()
    expect(read('a.csv')).toBe('old')
    expect(fs.readdirSync(folder)).toEqual(['a.csv', 'c.csv'])
  })

  test('a file that appears while writing is not overwritten', async () => {
    const files = new AtomicFiles({ directory: folder, force: false })
    await files.open('a')
    await files.open('b')
    fs.writeFileSync(join(folder, 'b'), 'theirs')
    expect((await failureOf(files.commit())).code).toBe('OUTPUT_EXISTS')
    expect(fs.readdirSync(folder)).toEqual(['b'])
    expect(read('b')).toBe('theirs')
  })

  test('force replaces files, and only at commit', async () => {
    fs.writeFileSync(join(folder, 'a'), 'old')
    const files = new AtomicFiles({ directory: folder, force: true })
    const file = await files.open('a')
    file.write(bytes('new'))
    expect(read('a')).toBe('old')
    await files.commit()
    expect(read('a')).toBe('new')
    expect(fs.readdirSync(folder)).toEqual(['a'])
  })

  test('force never replaces a folder', async () => {
    fs.mkdirSync(join(folder, 'a'))
    const files = new AtomicFiles({ directory: folder, force: true })
    const error = await failureOf(files.open('a'))
    expect(error.code).toBe('OUTPUT_NOT_WRITABLE')
    expect(error.message).toContain(`${join(folder, 'a')} is a folder, which is never overwritten`)
  })

  test.skipIf(process.platform === 'win32')(
    'force never replaces a named pipe, or a link to a device, to a folder or to itself',
    async () => {
      spawnSync('mkfifo', [join(folder, 'pipe')])
      fs.symlinkSync('/dev/null', join(folder, 'null'))
      fs.symlinkSync('.', join(folder, 'here'))
      fs.symlinkSync('ring', join(folder, 'ring'))
      for (const force of [true, false]) {
        const files = new AtomicFiles({ directory: folder, force })
        for (const [name, kind] of [
          ['pipe', 'a named pipe'],
          ['null', 'a device'],
          ['here', 'a folder'],
          ['ring', null],
        ] as const) {
          const error = await failureOf(files.open(name))
          expect(error.code).toBe('OUTPUT_NOT_WRITABLE')
          if (kind !== null) expect(error.message).toContain(`is ${kind}, which is never overwr`)
          expect(error.message).not.toContain('force')
        }
      }
      expect(fs.lstatSync(join(folder, 'pipe')).isFIFO()).toBe(true)
      expect(fs.readdirSync(folder)).toHaveLength(4)
    },
  )

  test.skipIf(process.platform === 'win32')(
    'force replaces a link, not the file it leads to',
    async () => {
      fs.writeFileSync(join(folder, 'kept'), 'old')
      fs.symlinkSync('kept', join(folder, 'a'))
      fs.symlinkSync('nothing', join(folder, 'b'))
      const files = new AtomicFiles({ directory: folder, force: true })
      for (const name of ['a', 'b']) (await files.open(name)).write(bytes('new'))
      await files.commit()
      expect(['a', 'b', 'kept'].map(read)).toEqual(['new', 'new', 'old'])
      expect(fs.readdirSync(folder)).toHaveLength(3)
    },
  )

  test('when one rename fails, replaced files come back and new ones go', async () => {
    fs.writeFileSync(join(folder, 'old'), 'old')
    const files = new AtomicFiles({ directory: folder, force: true })
    const replacement = await files.open('old')
    replacement.write(bytes('new'))
    await files.open('fresh')
    const lost = await files.open('lost')
    fs.unlinkSync(lost.temporaryPath)
    const error = await failureOf(files.commit())
    expect(error.code).toBe('OUTPUT_NOT_WRITABLE')
    expect(error.file).toBe(join(folder, 'lost'))
    expect((error.cause as NodeJS.ErrnoException).code).toBe('ENOENT')
    expect(fs.readdirSync(folder)).toEqual(['old'])
    expect(read('old')).toBe('old')
    await files.abort()
    expect(fs.readdirSync(folder)).toEqual(['old'])
  })

  test('names that are not base names, and the same name twice, are refused', async () => {
    const files = new AtomicFiles({ directory: folder, force: false })
    for (const name of ['', '.', '..', '../a', 'a/b', 'a\\b', 'a\0']) {
      expect((await failureOf(files.open(name))).code).toBe('OPTION_INVALID')
    }
    await files.open('a')
    expect((await failureOf(files.open('a'))).code).toBe('OPTION_CONFLICT')
    await files.abort()
    expect(fs.readdirSync(folder)).toEqual([])
  })

  test('a folder that cannot be made is an OptionError with the cause', async () => {
    fs.writeFileSync(join(folder, 'file'), '')
    for (const directory of [join(folder, 'file'), join(folder, 'file', 'below')]) {
      const files = new AtomicFiles({ directory, force: false })
      const error = await failureOf(files.open('a'))
      expect(error.code).toBe('OUTPUT_NOT_WRITABLE')
      expect(error.message).toContain(directory)
      expect((error.cause as NodeJS.ErrnoException).code).toMatch(/^(EEXIST|ENOTDIR)$/)
    }
  })

  test('folders made before one that cannot be made are removed', async () => {
    const directory = join(folder, 'a', 'b', 'x'.repeat(300))
    const files = new AtomicFiles({ directory, force: false })
    const error = await failureOf(files.open('x'))
    expect(error.code).toBe('OUTPUT_NOT_WRITABLE')
    expect(fs.readdirSync(folder)).toEqual([])
  })

  test('a folder below a link is made where the link leads', async () => {
    fs.mkdirSync(join(folder, 'real'))
    fs.symlinkSync('real', join(folder, 'link'))
    const files = new AtomicFiles({ directory: join(folder, 'link', 'new'), force: false })
    await files.open('x')
    await files.commit()
    expect(read('real/new/x')).toBe('')
  })

  test('a name too long for the file system is an OptionError', async () => {
    const files = new AtomicFiles({ directory: folder, force: false })
    const error = await failureOf(files.open('x'.repeat(300)))
    expect(error.code).toBe('OUTPUT_NOT_WRITABLE')
  })

  test.runIf(process.platform === 'linux')(
    'a write the system refuses after a part is an OptionError, and nothing is left',
    () => {
      // A file size limit makes the kernel take a part of a write and refuse the rest, as a full
      // disk does; only a process of its own can have one.
      const program = join(folder, 'program')
      fs.mkdirSync(join(program, 'sinks'), { recursive: true })
      fs.writeFileSync(join(program, 'package.json'), '{"type":"module"}')
      for (const name of ['errors', 'sinks/atomic-files']) {
        const source = fs.readFileSync(new URL(`../../src/${name}.ts`, import.meta.url), 'utf8')
        const { outputText } = ts.transpileModule(source, {
          compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
        })
        fs.writeFileSync(join(program, `${name}.js`), outputText)
      }
      const script = `
        import { AtomicFiles } from './sinks/atomic-files.js'
        const files = new AtomicFiles({ directory: process.argv[2], force: false })
        const file = await files.open('big')
        try {
          file.write(new Uint8Array(300_000))
        } catch (error) {
          const { name, code, message, cause } = error
          console.log(JSON.stringify({ name, code, message, cause: cause.code, at: file.position }))
        }
        await files.abort()
      `
      fs.writeFileSync(join(program, 'run.js'), script)
      const out = join(folder, 'out')
      // Counted in blocks of 512 bytes.
      const command = `trap '' XFSZ; ulimit -f 400; exec "$0" "$1" "$2"`
      const run = spawnSync('sh', ['-c', command, process.execPath, join(program, 'run.js'), out], {
        encoding: 'utf8',
      })
      expect(run.stderr).toBe('')
      expect(JSON.parse(run.stdout)).toEqual({
        name: 'OptionError',
        code: 'OUTPUT_NOT_WRITABLE',
        message:
          `cannot write byte 204800 of ${join(out, 'big')}: the file size limit is reached; ` +
          'free space or choose another folder',
        cause: 'EFBIG',
        at: 204_800,
      })
      expect(fs.existsSync(out)).toBe(false)
    },
  )

  test.runIf(fs.existsSync('/proc/self/fd'))('no descriptor stays open', async () => {
    const before = fs.readdirSync('/proc/self/fd').length
    const committed = new AtomicFiles({ directory: folder, force: false })
    await committed.open('a')
    await committed.commit()
    const aborted = new AtomicFiles({ directory: folder, force: false })
    await aborted.open('b')
    await aborted.abort()
    const taken = new AtomicFiles({ directory: folder, force: false })
    await failureOf(taken.open('a'))
    expect(fs.readdirSync('/proc/self/fd').length).toBe(before)
  })
})
