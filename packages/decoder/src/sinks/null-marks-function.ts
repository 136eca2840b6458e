import { I32, V128, type WasmFunction } from '../wasm/assembler.js'
import type { CellPlan } from './cell-plan.js'
import type { NullRun } from './null-runs.js'
import { TextCode } from './text-code.js'

/** A run of columns that are null together, with the address of its mark for row 0. */
export interface MarkedRun extends NullRun {
  readonly marks: number
}

/** `mark(count)`: for each run and row, nonzero where any of the run's columns has a value. */
export function markFunction(cells: readonly CellPlan[], runs: readonly MarkedRun[]): WasmFunction {
  const count = 0
  const c = new TextCode(1)
  const row = c.local(I32)
  const joined = [c.local(V128), c.local(V128), c.local(V128), c.local(V128)]
  const zero = c.local(V128)
  for (const run of runs) {
    const columns = cells.slice(run.start, run.end)
    c.i32(0).set(row)
    c.loop()
    const widths = ([1, 2, 4] as const).filter((size) =>
      columns.some((column) => markSize(column) === size),
    )
    for (const size of widths) {
      // Joins the columns of this width, 16 rows in `size` registers, then makes bytes of them.
      const members = columns.filter((column) => markSize(column) === size)
      for (let part = 0; part < size; part++) {
        members.forEach((column, index) => {
          c.get(row)
          if (size > 1) c.i32(size >> 1).shl()
          c.loadV128(markAddress(column) + part * 16)
          if (index > 0) c.or128()
        })
        c.set(joined[part]!)
      }
      if (size === 2) c.get(joined[0]!).get(zero).ne16().get(joined[1]!).get(zero).ne16().narrow16()
      else if (size === 4) {
        c.get(joined[0]!).get(zero).ne32().get(joined[1]!).get(zero).ne32().narrow32()
        c.get(joined[2]!).get(zero).ne32().get(joined[3]!).get(zero).ne32().narrow32()
        c.narrow16()
      } else c.get(joined[0]!)
    }
    for (let i = 1; i < widths.length; i++) c.or128()
    c.set(joined[0]!)
    c.get(row).get(joined[0]!).storeV128(run.marks)
    c.move(row, 16).get(row).get(count).ltU().brIf(0)
    c.end()
  }
  return { name: 'mark', parameters: [I32], results: [], code: c }
}

function markSize(plan: CellPlan): 1 | 2 | 4 {
  return plan.kind === 'table' ? plan.size : 1
}

function markAddress(plan: CellPlan): number {
  return plan.kind === 'table' ? plan.cells : plan.valid!
}
