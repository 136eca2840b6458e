import type { CellValue, Column } from '../batch.js'
import type { OutputColumn } from './output-columns.js'

/** A text format: rows of cells, one row to a line. */
export interface TextFormat {
  /** What stands before the first row. */
  header(columns: readonly OutputColumn[]): string
  /**
   * Rows `start` to `end` as text, made the plain way by the library or built-in that defines the
   * format. This is the reference; faster ways must give the same bytes.
   */
  rows(
    columns: readonly OutputColumn[],
    sources: readonly Column[],
    start: number,
    end: number,
  ): string
  /** The parts the fast path puts rows together from; null when only the reference will do. */
  readonly parts: TextParts | null
}

/**
 * A row as parts: `rowStart`, then for each cell its key and its text with `separator` between
 * cells, then `rowEnd`. All parts but the cells are ASCII.
 */
export interface TextParts {
  readonly rowStart: string
  readonly rowEnd: string
  /** One ASCII character. */
  readonly separator: string
  /** Stands before the cell's text: empty, or `"name":`. */
  key(name: string): string
  /** A cell's text; null when a null cell is left out together with its key. */
  cell(value: CellValue): string | null
  /** Stands on both sides of a text that needs no escapes: empty, or `"`. */
  readonly textQuote: string
  /** ASCII characters that need quotes or escapes in a text; others are copied. */
  readonly specialCharacters: string
}
