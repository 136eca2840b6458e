// Loaded before a program (node --import), it counts what goes to a database and into files, step by
// step on each thread, and kills the process, really, at the step it is told.
//   CRIMEWH_TRAP_LOG   file to which every step is written: <thread> <number> <first words>
//   CRIMEWH_TRAP_AT    <thread> <number> before | after | during:<milliseconds>
//   CRIMEWH_TRAP_TELL  1: writes a byte to file descriptor 3 at the first step
import { appendFileSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'

const { CRIMEWH_TRAP_LOG: log, CRIMEWH_TRAP_AT: at = '', CRIMEWH_TRAP_TELL: tell } = process.env
const [atThread, atNumber, moment = ''] = at.split(' ')
const thread = isMainThread ? 'main' : 'worker'
let count = 0
/** Within a step, which may call another trapped method itself. */
let isInside = false

function die() {
  process.kill(process.pid, 'SIGKILL')
}

/** Runs `work`, a step; `ended` calls back when what it gave has come to its end. */
function step(words, work, ended) {
  count++
  if (tell === '1' && count === 1) writeSync(3, '.')
  if (log !== undefined) {
    appendFileSync(log, `${thread} ${count} ${words.replace(/\s+/g, ' ').slice(0, 60)}\n`)
  }
  if (thread !== atThread || count !== Number(atNumber)) return work()
  if (moment === 'before') die()
  const result = work()
  if (moment === 'after') {
    ended(result, die)
    return result
  }
  setTimeout(die, Number(moment.slice('during:'.length)))
  // Nothing comes after it, however long the end takes.
  return typeof result.then === 'function' ? new Promise(() => undefined) : result
}

function trap(prototype, name, wordsOf) {
  const original = prototype[name]
  prototype[name] = function (...args) {
    if (isInside) return original.apply(this, args)
    const work = () => {
      isInside = true
      try {
        return original.apply(this, args)
      } finally {
        isInside = false
      }
    }
    return step(wordsOf(...args), work, (result, end) => {
      if (typeof result.then === 'function') result.then(end)
      else result.once('finish', end)
    })
  }
}

if (process.argv.some((argument) => argument.startsWith('duckdb:'))) {
  const { DuckDBConnection } = await import('@duckdb/node-api')
  for (const name of ['run', 'runAndReadAll']) {
    trap(DuckDBConnection.prototype, name, (sql) => sql)
  }
  // Files of staged rows are written piece by piece, and no statement is run meanwhile.
  const file = await open(fileURLToPath(import.meta.url))
  trap(Object.getPrototypeOf(file), 'write', () => 'file')
  await file.close()
} else {
  const { default: pg } = await import('pg')
  trap(pg.Client.prototype, 'query', (query) => query.text ?? query.cursor?.text ?? String(query))
}
