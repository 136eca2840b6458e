// Loads a file and kills itself, really, when it comes to the point named.
//   node load-child.mjs <url> <file> <point> [<number of writes before mid-stage>]
// With the point "forced" it loads to the end, also what is in already.
import { load, openDestination } from '../../dist/index.js'
import { nibrsFile } from '../../dist/sources/index.js'

const [url, file, point, writes = '1'] = process.argv.slice(2)

function die() {
  process.kill(process.pid, 'SIGKILL')
}

/** The destination, with a trap at the point. */
function trapped(destination) {
  return {
    ...destination,
    async connect(options) {
      const connection = await destination.connect(options)
      return new Proxy(connection, {
        get(target, name) {
          const value = Reflect.get(target, name)
          if (typeof value !== 'function') return value
          return async (...args) => {
            if (name === 'commit' && point === 'before-commit') die()
            if (name === 'commit' && point === 'mid-commit') {
              const committing = value.apply(target, args)
              setTimeout(die, Math.random() * 12)
              return committing.then(() => new Promise(() => undefined))
            }
            const result = await value.apply(target, args)
            if (name === 'begin' && point === 'after-begin') die()
            if (name === 'commit' && point === 'after-commit') die()
            return name === 'openStage' ? trappedStage(result) : result
          }
        },
      })
    },
  }
}

function trappedStage(stage) {
  let count = 0
  return new Proxy(stage, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return async (...args) => {
        if (name === 'finish' && point === 'before-finish') die()
        if (name === 'finish' && point === 'mid-finish') setTimeout(die, Math.random() * 60)
        const result = await value.apply(target, args)
        if (name === 'write' && point === 'mid-stage' && ++count === Number(writes)) die()
        if (name === 'finish' && point === 'after-finish') die()
        return result
      }
    },
  })
}

process.stdout.write('ready\n')
const result = await load({
  source: nibrsFile(file, { batchRows: 256 }),
  destination: trapped(openDestination(url)),
  force: point === 'forced',
})
process.stdout.write(`${result.status}\n`)
