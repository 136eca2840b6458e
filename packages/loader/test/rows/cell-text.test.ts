import { describe, expect, it } from 'vitest'
import { cellText } from '../../src/rows/cell-text.js'

const INT = { kind: 'integer', bits: 32 } as const
const BIG = { kind: 'integer', bits: 64 } as const
const DECIMAL = { kind: 'decimal', precision: 5, scale: 2 } as const
const TIMESTAMP = { kind: 'timestamp' } as const

describe('canonical text of a cell', () => {
  it.each([
    [{ kind: 'text' } as const, null, ''],
    [{ kind: 'text' } as const, '', '""'],
    [{ kind: 'text' } as const, ' a ', ' a '],
    [{ kind: 'text' } as const, 'a,b', '"a,b"'],
    [{ kind: 'text' } as const, 'a"b', '"a""b"'],
    [{ kind: 'text' } as const, 'a\rb', '"a\rb"'],
    [{ kind: 'json' } as const, '{"a":1}', '"{""a"":1}"'],
    [{ kind: 'json' } as const, '"\\\\u0000"', '"""\\\\u0000"""'],
    [{ kind: 'json' } as const, '"\\ud834\\udd1e"', '"""\\ud834\\udd1e"""'],
    [INT, -2_147_483_648, '-2147483648'],
    [INT, '007', '7'],
    [BIG, '-9223372036854775808', '-9223372036854775808'],
    [DECIMAL, '1.50', '1.5'],
    [DECIMAL, '-0.00', '0'],
    [DECIMAL, '000.25', '0.25'],
    [DECIMAL, 999.99, '999.99'],
    [DECIMAL, '7.', '7'],
    [{ kind: 'date' } as const, '2024-02-29', '2024-02-29'],
    [{ kind: 'boolean' } as const, false, 'false'],
    [TIMESTAMP, '2024-01-01 10:20:00', '2024-01-01 10:20:00'],
    [TIMESTAMP, '2024-01-01 10:20:00.000', '2024-01-01 10:20:00'],
    [TIMESTAMP, '2024-01-01 10:20:00.120', '2024-01-01 10:20:00.12'],
  ])('of %j %j is %j', (type, value, text) => {
    expect(cellText(type, value)).toBe(text)
  })

  it.each([
    [{ kind: 'text' } as const, 5],
    [{ kind: 'text' } as const, 'a\0'],
    [{ kind: 'text' } as const, 'half \ud800 a pair'],
    [{ kind: 'json' } as const, '{"a":"\\u0000"}'],
    [{ kind: 'json' } as const, '{"\\\\\\u0000":1}'],
    [{ kind: 'json' } as const, '["\\ud834"]'],
    [{ kind: 'json' } as const, '["\\udd1e\\ud834"]'],
    [{ kind: 'json' } as const, '{a:1}'],
    [INT, 2_147_483_648],
    [INT, 1.5],
    [INT, ''],
    [INT, true],
    [BIG, '9223372036854775808'],
    [DECIMAL, '1.234'],
    [DECIMAL, '1000'],
    [DECIMAL, 'NaN'],
    [DECIMAL, 1e21],
    [{ kind: 'date' } as const, '2023-02-29'],
    [{ kind: 'date' } as const, '2023-2-9'],
    [{ kind: 'boolean' } as const, 'true'],
    [TIMESTAMP, '2024-01-01T10:20:00Z'],
    [TIMESTAMP, '2024-02-30 10:20:00'],
    [TIMESTAMP, '2024-01-01 24:00:00'],
  ])('of %j does not exist for %j', (type, value) => {
    expect(cellText(type, value)).toBeUndefined()
  })
})
