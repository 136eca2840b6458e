/** Writes every bundled spec, compiled, into packages/decoder/specs/compiled. */
export function writeCompiledSpecs(): Promise<void>
