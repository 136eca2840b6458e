import { InputError } from '../errors.js'

/** Most bytes an unpacking may give; see `InputOptions`. */
export interface Limits {
  readonly maxBytes: number
  readonly maxRatio: number
}

/**
 * Below this much output a high ratio is harmless, and small test files of one repeated line do
 * reach it.
 */
const RATIO_FLOOR_BYTES = 64 * 1024 * 1024

/**
 * Stops a bomb: a small file that unpacks to far more than real data would.
 *
 * @throws {InputError} INPUT_BOMB
 */
export function assertWithin(
  limits: Limits,
  outputBytes: number,
  inputBytes: number,
  label: string,
): void {
  if (outputBytes > limits.maxBytes) {
    throw new InputError(
      'INPUT_BOMB',
      `${label} unpacks to more than the ${limits.maxBytes} bytes allowed; ` +
        'raise maxBytes if you trust it',
      { file: label },
    )
  }
  if (outputBytes > RATIO_FLOOR_BYTES && outputBytes > inputBytes * limits.maxRatio) {
    throw new InputError(
      'INPUT_BOMB',
      `${label} unpacks ${inputBytes} bytes to ${outputBytes} or more, over the ` +
        `${limits.maxRatio}:1 allowed (crime data stays below 30:1); unpack it yourself and ` +
        'pass the text, or raise maxRatio, if you trust it',
      { file: label },
    )
  }
}
