import { OptionError } from '../errors.js'
import type { Destination } from './contract.js'
import { duckdb } from './duckdb.js'
import { postgres } from './postgres.js'

/** Options of {@link openDestination}. */
export interface OpenDestinationOptions {
  /** File whose first line is the password. Only for servers. */
  readonly passwordFile?: string
}

/**
 * A destination from its URL: `duckdb:crime.duckdb`, or `postgres://user@host/database`, where
 * `?schema=name` chooses the schema.
 *
 * @throws {OptionError} OPTION_INVALID; OPTION_CONFLICT for a password file where no server is
 */
export function openDestination(
  url: string,
  { passwordFile }: OpenDestinationOptions = {},
): Destination {
  const scheme = /^([a-z]+):/i.exec(url)?.[1]?.toLowerCase()
  if (scheme === 'duckdb') {
    if (passwordFile !== undefined) {
      throw new OptionError(
        'OPTION_CONFLICT',
        'a DuckDB file has no password; leave off the password file (--password-file)',
        { option: 'passwordFile' },
      )
    }
    return duckdb({ path: url.slice('duckdb:'.length) })
  }
  if (scheme === 'postgres' || scheme === 'postgresql') {
    const { server, schema } = takeSchema(url)
    return postgres({
      url: server,
      ...(schema === null ? {} : { schema }),
      ...(passwordFile === undefined ? {} : { passwordFile }),
    })
  }
  throw new OptionError(
    'OPTION_INVALID',
    `there is no destination for ${scheme === undefined ? 'a URL without a scheme' : `"${scheme}:"`}; expected duckdb:<file> or postgres://user@host/database`,
    { option: 'to' },
  )
}

/** The driver does not know `schema`. */
function takeSchema(url: string): { readonly server: string; readonly schema: string | null } {
  const schema = /[?&]schema=([^&]*)/.exec(url)?.[1]
  if (schema === undefined) return { server: url, schema: null }
  const server = url.replace(/([?&])schema=[^&]*&?/, '$1').replace(/[?&]$/, '')
  return { server, schema: decodeURIComponent(schema) }
}
