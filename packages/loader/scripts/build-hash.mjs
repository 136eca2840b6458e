// Compiles src/hash/row-hash.wat to src/hash/row-hash-module.ts: `node scripts/build-hash.mjs`.
import { readFileSync, writeFileSync } from 'node:fs'
import wabt from 'wabt'

const folder = new URL('../src/hash/', import.meta.url)

/** The generated module's text. */
export async function hashModule() {
  const { parseWat } = await wabt()
  const text = readFileSync(new URL('row-hash.wat', folder), 'utf8')
  const parsed = parseWat('row-hash.wat', text, { simd: true, bulk_memory: true })
  const { buffer } = parsed.toBinary({})
  parsed.destroy()
  const lines = Buffer.from(buffer)
    .toString('base64')
    .match(/.{1,90}/g)
    .map((line) => `  '${line}',`)
  return [
    '// GENERATED from row-hash.wat by scripts/build-hash.mjs; do not edit.',
    '',
    '/** The module of row-hash.wat in base64. */',
    'export const ROW_HASH_MODULE = [',
    ...lines,
    "].join('')",
    '',
  ].join('\n')
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  writeFileSync(new URL('row-hash-module.ts', folder), await hashModule())
}
