import { readFileSync } from 'node:fs'

/** Version of this package, from its package.json beside `dist` or, in source, beside `src`. */
export function packageVersion(): string {
  const here = import.meta.url
  const [, root] = /^(.*\/)(?:dist|src)\//.exec(here) ?? []
  const text = readFileSync(new URL('package.json', root ?? here), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
