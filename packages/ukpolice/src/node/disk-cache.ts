import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Cache } from '../cache.js'

/** Options of {@link diskCache}. */
export interface DiskCacheOptions {
  /** Folder for the entries; made when it does not exist. */
  readonly directory: string
}

/**
 * Keeps answers as files, one for each key, named by the key's hash.
 *
 * A file is written under a temporary name and renamed, so processes can share a folder and a
 * crash leaves no half entry. Nothing is removed by itself: delete the folder when you like.
 */
export function diskCache(options: DiskCacheOptions): Cache {
  const { directory } = options
  const fileOf = (key: string): string =>
    path.join(directory, `${createHash('sha256').update(key).digest('hex')}.json`)

  return {
    async get(key) {
      let text: string
      try {
        text = await readFile(fileOf(key), 'utf8')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
      // The key comes first and is compared: a file of another program is not an answer.
      const end = text.indexOf('\n')
      return end >= 0 && text.slice(0, end) === JSON.stringify(key)
        ? { text: text.slice(end + 1) }
        : undefined
    },
    async set(key, entry) {
      await mkdir(directory, { recursive: true })
      const file = fileOf(key)
      const temporary = `${file}.${randomUUID()}.tmp`
      try {
        await writeFile(temporary, `${JSON.stringify(key)}\n${entry.text}`)
        await rename(temporary, file)
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    },
    async delete(key) {
      await rm(fileOf(key), { force: true })
    },
  }
}
