import { expect, it } from 'vitest'
import { SeenKeys } from '../../src/seen-keys.js'

const key = (n: number): string => `NY0303000\0${String(n).padStart(12, '0')}\0`

it('knows every key of a section, and takes none for another', () => {
  const seen = new SeenKeys()
  const count = 300_000
  let added = 0
  for (let n = 0; n < count; n++) if (seen.add(key(n))) added++
  expect(added).toBe(count)
  for (let n = 0; n < count; n++) if (seen.add(key(n))) added++
  expect(added).toBe(count)
})

it('knows nothing after it was cleared', () => {
  const seen = new SeenKeys()
  for (const count of [10, 100_000, 5]) {
    let added = 0
    for (let n = 0; n < count; n++) if (seen.add(key(n))) added++
    expect(added).toBe(count)
    expect(seen.add(key(0))).toBe(false)
    seen.clear()
  }
})

it('forgets the oldest keys of a long section, and keeps the last ones', () => {
  const seen = new SeenKeys(1000)
  for (let n = 0; n < 2500; n++) expect(seen.add(key(n))).toBe(true)
  for (let n = 1500; n < 2500; n++) expect(seen.add(key(n))).toBe(false)
  const forgotten = new SeenKeys(1000)
  for (let n = 0; n < 2500; n++) forgotten.add(key(n))
  expect(forgotten.add(key(999))).toBe(true)
})

it('tells apart keys that differ in one character, in blanks, or in where a column ends', () => {
  const seen = new SeenKeys()
  const keys = ['', '\0', '\0\0', 'A\0', ' A\0', 'A \0', 'A\0B\0', 'AB\0\0', '\0AB\0', 'B\0A\0']
  for (const text of keys) expect(seen.add(text)).toBe(true)
  for (const text of keys) expect(seen.add(text)).toBe(false)
})
