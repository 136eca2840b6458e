/** The generated module's text. */
export function hashModule(): Promise<string>
