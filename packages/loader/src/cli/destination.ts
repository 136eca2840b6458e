import type { Destination } from '../destinations/contract.js'
import { openDestination } from '../destinations/open-destination.js'
import { type Command, UsageError } from './args.js'

/** The destination that `--to` or the environment variable CRIMEWH_TO names. @throws {UsageError} */
export function destinationOf(command: Command): Destination {
  const url = command.text('to') ?? process.env['CRIMEWH_TO'] ?? ''
  if (url === '') {
    throw new UsageError(
      'no destination given; add --to duckdb:crime.duckdb or --to postgres://user@host/database',
    )
  }
  const passwordFile = command.text('password-file')
  return openDestination(url, passwordFile === null ? {} : { passwordFile })
}
