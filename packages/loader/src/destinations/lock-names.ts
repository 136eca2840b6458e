import type { LockRequest } from './contract.js'

/** A name to lock; a shared one may be held by several that all share it. */
export interface LockName {
  readonly name: string
  readonly shared: boolean
}

/**
 * What a request locks, in the order in which everybody takes them: shared, all that holds the
 * slice (the source kind, the year of a state); then the slice itself, alone.
 */
export function lockNames({ sourceKinds, slice }: LockRequest): readonly LockName[] {
  if (slice === null) return sourceKinds.map((kind) => ({ name: `crimewh ${kind}`, shared: false }))
  const names = sourceKinds.map((kind) => `crimewh ${kind}`)
  for (const { name, value } of slice) {
    if (value === null) break
    names.push(`${names.at(-1)} ${name}=${value}`)
  }
  return names.map((name, index) => ({ name, shared: index < names.length - 1 }))
}
