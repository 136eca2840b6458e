import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { OptionError } from '../errors.js'

/** Where {@link AtomicFiles} puts its files. */
export interface AtomicFilesOptions {
  /** Folder of the final files; created if missing, with its parents. */
  readonly directory: string
  /** Replace files that already have a final name. A folder, device or pipe is never replaced. */
  readonly force: boolean
}

/** One open output file under its temporary name. */
export interface AtomicFile {
  /** Final base name. */
  readonly fileName: string
  readonly temporaryPath: string
  /** Absolute path it will have. */
  readonly finalPath: string
  /** Open for reading and writing until commit or abort. */
  readonly fd: number
  /** Byte offset of the next `write`; equal to the bytes written so far unless it was set. */
  position: number
  /**
   * Writes the first `length` bytes (default: all) at `position`, blocking, and moves `position`
   * past them. `bytes` may be reused at once.
   *
   * @throws {OptionError} OUTPUT_NOT_WRITABLE when the system refuses (disk full, quota, ...)
   */
  write(bytes: Uint8Array, length?: number): void
}

interface OpenFile extends AtomicFile {
  closed: boolean
}

/**
 * Files written under temporary names in the target folder and renamed together when complete.
 *
 * A reader never sees a half-written file under a final name, whatever ends the process. The
 * temporary names, `.victim.parquet.<pid>-<random>.partial`, begin with a dot so that globs and
 * readers of a whole folder pass over them. Nothing is fsynced: that guards against power loss
 * only, costs seconds on a large output, and the input to decode again is still there.
 *
 * Every method does its work before its promise is returned, so that `void files.abort()` is
 * enough in an exit handler.
 */
export class AtomicFiles {
  readonly #directory: string
  readonly #force: boolean
  readonly #files: OpenFile[] = []
  /** Folders that `reserve` had to create, topmost first. */
  readonly #createdDirectories: string[] = []
  #state: 'open' | 'committed' | 'aborted' = 'open'

  constructor(options: AtomicFilesOptions) {
    this.#directory = resolve(options.directory)
    this.#force = options.force
  }

  /**
   * Creates the folder and checks that every one of `fileNames` may be written, so that a run
   * fails before its work rather than after. `open` does the same for its one name.
   *
   * @throws {OptionError} OUTPUT_EXISTS naming every file in the way (never under `force`),
   *   OUTPUT_NOT_WRITABLE when the folder cannot be made or a name is that of something else than
   *   a file, which `force` does not replace either
   */
  async reserve(fileNames: readonly string[]): Promise<void> {
    this.#assertOpen()
    for (const fileName of fileNames) assertBaseName(fileName)
    this.#createDirectory()
    this.#assertFree(fileNames)
  }

  /**
   * Opens `fileName` (a base name) for writing under a temporary name.
   *
   * @throws {OptionError} OUTPUT_EXISTS, OUTPUT_NOT_WRITABLE, or OPTION_CONFLICT when the name is
   *   open already
   */
  async open(fileName: string): Promise<AtomicFile> {
    if (this.#files.some((file) => file.fileName === fileName)) {
      throw new OptionError(
        'OPTION_CONFLICT',
        `two outputs would both be called "${fileName}"; rename one of the segments in the spec`,
        { file: fileName },
      )
    }
    await this.reserve([fileName])
    const unique = `${process.pid}-${randomBytes(6).toString('hex')}`
    const temporaryPath = join(this.#directory, `.${fileName}.${unique}.partial`)
    const file = openFile(temporaryPath, join(this.#directory, fileName))
    this.#files.push(file)
    return file
  }

  /**
   * Closes all files and renames them to their final names.
   *
   * When one rename fails, those already done are undone (replaced files come back), the temporary
   * files are removed and the error is thrown: all files or none.
   *
   * @returns final paths, absolute, in the order of `open`
   * @throws {OptionError} OUTPUT_EXISTS when a name was taken meanwhile, OUTPUT_NOT_WRITABLE
   */
  async commit(): Promise<readonly string[]> {
    this.#assertOpen()
    try {
      for (const file of this.#files) closeFile(file)
      this.#assertFree(this.#files.map((file) => file.fileName))
      renameAll(this.#files)
    } catch (error) {
      await this.abort()
      throw error
    }
    this.#state = 'committed'
    return this.#files.map((file) => file.finalPath)
  }

  /**
   * Closes and removes the temporary files, and the folder if it was created here and is empty.
   * Does nothing after `commit` or a first `abort`.
   *
   * @throws {OptionError} OUTPUT_NOT_WRITABLE naming the files that could not be removed
   */
  async abort(): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'aborted'
    const left: string[] = []
    let cause: unknown
    for (const file of this.#files) {
      try {
        closeFile(file)
      } catch {
        // The file is removed next: what its last bytes met no longer matters.
      }
      try {
        fs.rmSync(file.temporaryPath, { force: true })
      } catch (error) {
        left.push(file.temporaryPath)
        cause = error
      }
    }
    this.#removeCreatedDirectories()
    if (left.length > 0) {
      throw new OptionError(
        'OUTPUT_NOT_WRITABLE',
        `cannot remove partial output ${left.join(', ')} (${reasonOf(cause)}); remove it by hand`,
        { file: left[0], cause },
      )
    }
  }

  #assertOpen(): void {
    if (this.#state !== 'open') throw new Error(`AtomicFiles was already ${this.#state}`)
  }

  #createDirectory(): void {
    // Not mkdir's own `recursive`: in Node 20 it never ends below /proc.
    try {
      for (const path of missingFolders(this.#directory)) {
        if (createFolder(path)) this.#createdDirectories.push(path)
      }
    } catch (cause) {
      this.#removeCreatedDirectories()
      throw notWritable(this.#directory, 'create the output folder', cause)
    }
  }

  #removeCreatedDirectories(): void {
    for (const path of this.#createdDirectories.splice(0).reverse()) {
      try {
        fs.rmdirSync(path)
      } catch {
        return // Someone else's files are in it by now: it stays.
      }
    }
  }

  #assertFree(fileNames: readonly string[]): void {
    const taken: string[] = []
    for (const fileName of fileNames) {
      const path = join(this.#directory, fileName)
      if (statIfThere(path) === undefined) continue
      requireReplaceable(path)
      if (!this.#force) taken.push(fileName)
    }
    if (taken.length === 0) return
    throw new OptionError(
      'OUTPUT_EXISTS',
      `${this.#directory} already holds ${taken.join(', ')}; pass force to overwrite, or choose another folder`,
      { file: join(this.#directory, taken[0]) },
    )
  }
}

/** A folder and its parents as far as they are not there, topmost first. */
function missingFolders(directory: string): readonly string[] {
  const missing: string[] = []
  for (let path = directory; !isFolder(path) && path !== dirname(path); path = dirname(path)) {
    missing.unshift(path)
  }
  return missing
}

/** Returns false when another process was quicker. */
function createFolder(path: string): boolean {
  try {
    fs.mkdirSync(path)
    return true
  } catch (error) {
    if (isFolder(path)) return false
    throw error
  }
}

function isFolder(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function openFile(temporaryPath: string, finalPath: string): OpenFile {
  let fd: number
  try {
    fd = fs.openSync(temporaryPath, 'wx+')
  } catch (cause) {
    throw notWritable(finalPath, 'create', cause)
  }
  return {
    fileName: basename(finalPath),
    temporaryPath,
    finalPath,
    fd,
    position: 0,
    closed: false,
    write(bytes, length = bytes.length) {
      if (this.closed) throw new Error(`${finalPath} is closed`)
      let start = 0
      try {
        // The system may take fewer bytes than offered; a full disk shows on the call after.
        while (start < length) {
          const count = fs.writeSync(fd, bytes, start, length - start, this.position)
          start += count
          this.position += count
        }
      } catch (cause) {
        throw notWritable(finalPath, `write byte ${this.position} of`, cause)
      }
    },
  }
}

function closeFile(file: OpenFile): void {
  if (file.closed) return
  file.closed = true
  try {
    fs.closeSync(file.fd)
  } catch (cause) {
    throw notWritable(file.finalPath, 'complete', cause)
  }
}

function renameAll(files: readonly OpenFile[]): void {
  const undo: (() => void)[] = []
  const replaced: string[] = []
  for (const file of files) {
    try {
      if (statIfThere(file.finalPath) !== undefined) {
        const previousPath = file.temporaryPath.replace(/\.partial$/, '.previous')
        keepPrevious(file.finalPath, previousPath)
        replaced.push(previousPath)
        undo.push(() => {
          fs.renameSync(previousPath, file.finalPath)
          // Renaming one link of a file over another is a no-op that leaves both names.
          fs.rmSync(previousPath, { force: true })
        })
        fs.renameSync(file.temporaryPath, file.finalPath)
      } else {
        fs.renameSync(file.temporaryPath, file.finalPath)
        undo.push(() => fs.unlinkSync(file.finalPath))
      }
    } catch (cause) {
      const stuck = undoAll(undo)
      const advice = stuck === '' ? '' : `; and could not undo what was already renamed (${stuck})`
      throw notWritable(file.finalPath, 'rename the complete output to', cause, advice)
    }
  }
  for (const path of replaced) fs.rmSync(path, { force: true })
}

/** Keeps the old file under a second name, by link where possible so that it never vanishes. */
function keepPrevious(finalPath: string, previousPath: string): void {
  try {
    fs.linkSync(finalPath, previousPath)
  } catch {
    fs.renameSync(finalPath, previousPath)
  }
}

function undoAll(undo: readonly (() => void)[]): string {
  const failures: string[] = []
  for (const step of [...undo].reverse()) {
    try {
      step()
    } catch (error) {
      failures.push(reasonOf(error))
    }
  }
  return failures.join('; ')
}

function statIfThere(path: string, stat: fs.StatSyncFn = fs.lstatSync): fs.Stats | undefined {
  try {
    return stat(path, { throwIfNoEntry: false })
  } catch (cause) {
    throw notWritable(path, 'look for', cause)
  }
}

/** Renaming onto a device or pipe, or a link to one, would take it away from the system. */
function requireReplaceable(path: string): void {
  const found = statIfThere(path, fs.statSync)
  if (found === undefined || found.isFile()) return // A link to nothing is replaced as a file is.
  throw new OptionError(
    'OUTPUT_NOT_WRITABLE',
    `${path} is ${kindOf(found)}, which is never overwritten; choose another name or folder`,
    { file: path },
  )
}

function kindOf(found: fs.Stats): string {
  if (found.isDirectory()) return 'a folder'
  if (found.isFIFO()) return 'a named pipe'
  return found.isSocket() ? 'a socket' : 'a device'
}

function assertBaseName(fileName: string): void {
  if (fileName !== '' && !/[/\\\0]/.test(fileName) && fileName !== '.' && fileName !== '..') return
  throw new OptionError(
    'OPTION_INVALID',
    `"${fileName}" cannot be an output file name; expected a base name without a folder`,
    { file: fileName },
  )
}

function notWritable(path: string, verb: string, cause: unknown, more = ''): OptionError {
  return new OptionError(
    'OUTPUT_NOT_WRITABLE',
    `cannot ${verb} ${path}: ${reasonOf(cause)}${more}; free space or choose another folder`,
    { file: path, cause },
  )
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file size limit is reached',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the disk is read-only',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EEXIST: 'a file is in the way',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long',
}

function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  return REASONS[code ?? ''] ?? (cause instanceof Error ? cause.message : String(cause))
}
