import type { Caller } from '../caller.js'
import { type CallOptions, checkCallOptions } from '../options.js'
import type { Force, ForceDetail, Officer } from '../types.js'

/** Forces. Routes `forces`, `forces/{force}` and `forces/{force}/people`. */
export interface ForcesResource {
  /** The forces the service knows: 43 of England and Wales, and Northern Ireland; not `btp`. */
  list(options?: CallOptions): Promise<readonly Force[]>
  /** @throws {OptionError} `OPTION_UNKNOWN_FORCE` */
  get(force: string, options?: CallOptions): Promise<ForceDetail>
  /** Senior officers; empty for many forces. @throws {OptionError} `OPTION_UNKNOWN_FORCE` */
  people(force: string, options?: CallOptions): Promise<readonly Officer[]>
}

/** Builds the forces resource. */
export function forcesResource(caller: Caller): ForcesResource {
  const { reference } = caller
  return {
    async list(options = {}) {
      checkCallOptions(options)
      const answer = await caller.call<readonly Force[]>(
        { path: ['forces'], shape: 'forces', cacheVersion: caller.crimeVersion },
        options,
      )
      return answer.value
    },
    async get(force, options = {}) {
      const { signal } = checkCallOptions(options)
      const id = await reference.requireForce(force, { signal })
      const answer = await caller.call<ForceDetail>(
        { path: ['forces', id], shape: 'force', cacheVersion: caller.crimeVersion },
        options,
      )
      return answer.value
    },
    async people(force, options = {}) {
      const { signal } = checkCallOptions(options)
      const id = await reference.requireForce(force, { signal })
      const answer = await caller.call<readonly Officer[]>(
        { path: ['forces', id, 'people'], shape: 'officers', cacheVersion: caller.crimeVersion },
        options,
      )
      return answer.value
    },
  }
}
