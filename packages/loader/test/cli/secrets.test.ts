import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { crimewh } from './crimewh.js'

const URL = 'postgres://loader:hunter2@127.0.0.1/crime'

describe('a password in a URL that stands in the wrong place', () => {
  it.each([
    ['behind loads list', ['loads', 'list', URL]],
    ['as the command', [URL]],
    ['behind a command', ['load', URL]],
    ['as the id of a load', ['loads', 'remove', URL, '--to', 'duckdb:none.duckdb']],
  ])('is not repeated: %s', async (_, args) => {
    const { code, stdout, stderr } = await crimewh(args, { cwd: tmpdir() })
    expect(code).toBe(2)
    expect(stderr).toContain('postgres://')
    expect(stdout + stderr).not.toContain('hunter2')
  })
})
