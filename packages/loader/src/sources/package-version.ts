import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** Name and version of a package this one reads with, for load records: `@nibrs/decoder 0.1.0`. */
export function packageVersion(name: '@nibrs/decoder' | '@ukpolice/client'): string {
  const { version } = require(`${name}/package.json`) as { version: string }
  return `${name} ${version}`
}
