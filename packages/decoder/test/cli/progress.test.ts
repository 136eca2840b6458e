import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { progressLine, startProgress } from '../../src/cli/progress.js'
import type { Terminal } from '../../src/cli/terminal.js'

describe('the progress line', () => {
  const counters = { bytes: 1_500_000_000, records: 12_345_678, fraction: 0.25 }

  test('has share, rate, time left and records', () => {
    expect(progressLine('a.zip', counters, 5000)).toBe(
      'a.zip  25%  300 MB/s  0:15 left  12,345,678 records',
    )
  })

  test('has no share and no time left where the size is not known', () => {
    expect(progressLine('stdin', { ...counters, fraction: null }, 5000)).toBe(
      'stdin  300 MB/s  12,345,678 records',
    )
  })

  test('guesses no time left in the first second, nor from nothing read', () => {
    expect(progressLine('a.zip', counters, 900)).not.toContain('left')
    expect(progressLine('a.zip', { ...counters, fraction: 0 }, 5000)).not.toContain('left')
  })

  test('never shows more than 100%, nor time below none', () => {
    expect(progressLine('a.zip', { ...counters, fraction: 1.2 }, 5000)).toMatch(/100% .* 0:00 left/)
  })
})

describe('progress', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function terminal(interactive: boolean, quiet = false) {
    const said: string[] = []
    const drawn: string[] = []
    return {
      said,
      drawn,
      terminal: {
        quiet,
        interactive,
        line: (text: string) => void said.push(text),
        redraw: (text: string) => void drawn.push(text),
      } as unknown as Terminal,
    }
  }
  const count = () => ({ bytes: 0, records: 0, fraction: null })

  test('is redrawn on a terminal and taken away at the end', () => {
    const { terminal: shown, drawn, said } = terminal(true)
    const progress = startProgress(shown, 'a', count)
    vi.advanceTimersByTime(1000)
    expect(drawn.length).toBe(10)
    progress.stop()
    expect(drawn.at(-1)).toBe('')
    vi.advanceTimersByTime(1000)
    expect(drawn.length).toBe(11)
    expect(said).toEqual([])
  })

  test('is a line every 10 s without a terminal', () => {
    const { terminal: shown, drawn, said } = terminal(false)
    const progress = startProgress(shown, 'a', count)
    vi.advanceTimersByTime(9_999)
    expect(said).toEqual([])
    vi.advanceTimersByTime(20_001)
    progress.stop()
    expect(said.length).toBe(3)
    expect(drawn).toEqual([])
  })

  test('is silent under --quiet', () => {
    const { terminal: shown, drawn, said } = terminal(true, true)
    startProgress(shown, 'a', count).stop()
    vi.advanceTimersByTime(60_000)
    expect([drawn, said]).toEqual([[], []])
  })
})
