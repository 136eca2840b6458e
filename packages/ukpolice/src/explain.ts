import type { RouteRequest } from './caller.js'
import {
  ApiError,
  NotFoundError,
  RateLimitError,
  ServerError,
  TooManyResultsError,
  type UkPoliceError,
  type UkPoliceErrorCode,
} from './errors.js'
import { isMonth } from './month.js'
import type { Reference } from './reference.js'
import type { TransportAnswer } from './transport.js'

/**
 * Turns a refusal of the service into the error that says what was wrong.
 *
 * A 404 has several meanings and its body does not say which; a 502 can stand for a wrong input
 * too. Local checks and the lists of months and forces tell them apart.
 * Source: status codes probed on 2026-10-01.
 */
export async function explainRefusal(
  request: RouteRequest,
  answer: TransportAnswer,
  reference: Reference,
  signal: AbortSignal | undefined,
): Promise<UkPoliceError> {
  const { status } = answer
  const route = request.path.join('/')
  const { retryAfterMs } = answer
  const context = {
    route,
    ...request.params,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
  const later =
    retryAfterMs === undefined ? 'later' : `again in ${Math.ceil(retryAfterMs / 1000)} seconds`
  if (answer.tooLarge) {
    return new TooManyResultsError(
      `${route} refused the area with 503 while the service is up, so it holds more than about 10,000 records; split the area, or use the tiled method (another category does not help, everything in the area counts)`,
      { status, context },
    )
  }
  if (status === 429) {
    return new RateLimitError(
      'API_RATE_LIMITED',
      `${route} was refused with 429 again and again; something else at this network address may use up the limit of 15 requests a second, try ${later}`,
      { status, retryable: true, context },
    )
  }
  if (status === 404 || status === 400 || status === 502) {
    const reason = await findReason(request, reference, signal)
    if (reason) {
      return new NotFoundError(reason.code, reason.message, { status, context })
    }
    if (status === 404) {
      return new NotFoundError(
        'API_NOT_FOUND',
        `the service does not know ${route} (404); check the path and the parameters`,
        { status, context },
      )
    }
  }
  if (status >= 500) {
    return new ServerError(
      'API_OUTAGE',
      `${route} failed with ${status} in every attempt; the service has an outage, try ${later}`,
      { status, retryable: true, context },
    )
  }
  if (status === 400) {
    return new ApiError(
      'API_BAD_REQUEST',
      `${route} was refused as malformed (400); check the parameters ${Object.keys(request.params ?? {}).join(', ') || '(none were given)'}`,
      { status, context },
    )
  }
  return new ApiError(
    'API_UNEXPECTED_STATUS',
    `${route} answered with status ${status}, which the service is not known to use; a proxy may stand in between`,
    { status, context },
  )
}

interface Reason {
  readonly code: UkPoliceErrorCode
  readonly message: string
}

const flatRoutes = new Set([
  'crimes-street-dates',
  'crime-last-updated',
  'crime-categories',
  'crimes-street',
  'crimes-at-location',
  'crimes-no-location',
  'outcomes-at-location',
  'outcomes-for-crime',
  'forces',
  'locate-neighbourhood',
  'stops-street',
  'stops-at-location',
  'stops-no-location',
  'stops-force',
])

async function findReason(
  request: RouteRequest,
  reference: Reference,
  signal: AbortSignal | undefined,
): Promise<Reason | undefined> {
  const { path, params = {} } = request
  const [first = '', second, third] = path
  const route = path.join('/')
  const month = params['date']
  if (month !== undefined && flatRoutes.has(first)) {
    if (!isMonth(month)) {
      return {
        code: 'API_MONTH_OUTSIDE_WINDOW',
        message: `${route} does not know the month ${JSON.stringify(month)}; write it as YYYY-MM`,
      }
    }
    // The window may have moved since the month was checked.
    reference.expire()
    const months = await tryReference(reference.months(signal), signal)
    if (months && months.length > 0 && month < (months[0] as string)) {
      return {
        code: 'API_MONTH_OUTSIDE_WINDOW',
        message: `${route} has no ${month}: the API reaches back to ${months[0]} only; read older months from the bulk archive`,
      }
    }
  }
  const poly = params['poly']
  if (poly !== undefined) {
    const vertices = poly.split(':')
    const pair = /^-?\d+(\.\d+)?,-?\d+(\.\d+)?$/
    if (vertices.length < 3 || !vertices.every((vertex) => pair.test(vertex))) {
      return {
        code: 'API_BAD_POLYGON',
        message: `${route} could not read the polygon; give at least three vertices as lat,lng:lat,lng:lat,lng`,
      }
    }
  }
  const inPath = !flatRoutes.has(first)
  const force = first === 'forces' ? second : inPath ? first : params['force']
  if (force !== undefined) {
    const forces = await tryReference(reference.forces(signal), signal)
    const known = forces?.some((entry) => entry.id === force) || (!inPath && force === 'btp')
    if (forces && !known) {
      return {
        code: 'API_UNKNOWN_FORCE',
        message: `the service does not know the force ${JSON.stringify(force)}; forces.list() gives the known ids`,
      }
    }
    if (forces && inPath && second !== undefined && second !== 'neighbourhoods') {
      return {
        code: 'API_UNKNOWN_NEIGHBOURHOOD',
        message: `${force} has no neighbourhood ${JSON.stringify(second)}${third ? ` with ${third}` : ''}; neighbourhoods.list() gives the known ids, capital letters matter`,
      }
    }
  }
  if (first === 'outcomes-for-crime') {
    return {
      code: 'API_UNKNOWN_CRIME',
      message: `the service does not know the crime ${JSON.stringify(second)}; use the persistent_id of a row, in lower case`,
    }
  }
  if (params['location_id'] !== undefined) {
    return {
      code: 'API_UNKNOWN_LOCATION',
      message: `${route} does not know the location ${params['location_id']}; map points are renumbered at times, take the id from a fresh row`,
    }
  }
  if (first === 'locate-neighbourhood') {
    return {
      code: 'API_OUTSIDE_COVERAGE',
      message: `no neighbourhood covers ${params['q'] ?? 'the point'}; only England, Wales and Northern Ireland are covered`,
    }
  }
  return undefined
}

/** A list for the explanation only: without it the error is less precise, not different. */
async function tryReference<Value>(
  asked: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value | undefined> {
  try {
    return await asked
  } catch {
    signal?.throwIfAborted()
    return undefined
  }
}
