import { bytes, header, record } from '../detect/lines.js'

/** A small year by hand: one agency, two incidents, one Group B arrest. Free of faults. */
export function sampleLines(year = '2022'): readonly string[] {
  const date = `${year}0315`
  return [
    header(year, { 226: '12', 228: '12', 106: '000290000020390000000000' }),
    record('01', 89, date, { 35: '23010010101', 50: 'N' }),
    record('02', 59, date, { 34: '13A', 37: 'CN', 41: '20', 49: '40', 58: '88' }),
    record('04', 135, date, { 34: '00113A', 67: 'I34FWNR', 79: 'M', 84: '01BG' }),
    record('05', 40, date, { 34: '0141MWN' }),
    record('06', 73, date, { 34: '01A-1', 48: `${date}TN13A01 `, 67: '41MWNR' }),
    record('01', 89, date, { 14: '000000000002', 35: '00010010000', 50: 'N' }),
    record('03', 102, date, { 14: '000000000002', 34: '7', 35: '20', 37: '000000250' }),
    record('07', 56, date, { 14: 'ARREST000001', 34: '01', 40: 'O90Z01', 50: '29MWNR' }),
  ]
}

/** Rows of each segment in {@link sampleLines}. */
export const SAMPLE_ROWS: Readonly<Record<string, number>> = {
  batch_header: 1,
  administrative: 2,
  window_clearance: 0,
  offense: 1,
  property: 1,
  window_property: 0,
  victim: 1,
  offender: 1,
  arrestee: 1,
  window_arrestee: 0,
  group_b_arrest: 1,
}

export function sampleText(year?: string): Uint8Array {
  return bytes(sampleLines(year))
}
