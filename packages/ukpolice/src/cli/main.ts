/** Placeholder. */
export async function main(_argv: readonly string[]): Promise<number> {
  return Promise.resolve(2)
}
