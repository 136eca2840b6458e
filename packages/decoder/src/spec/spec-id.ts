/** True for `nibrs/master@2013`, false for a path. */
export function isSpecId(reference: string): boolean {
  return /^[a-z0-9_-]+(\/[a-z0-9_-]+)*@[a-z0-9._-]+$/.test(reference) && !/\.ya?ml$/.test(reference)
}
