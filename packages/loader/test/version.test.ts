import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { PACKAGE_VERSION } from '../src/version.js'

it('the version in load records is that of package.json', () => {
  const file = new URL('../package.json', import.meta.url)
  expect(PACKAGE_VERSION).toBe(
    (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version,
  )
})
