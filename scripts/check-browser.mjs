// Makes the same calls of @ukpolice/client in Node and in a page of a real browser, headless
// Chromium, and compares what they give:
//   node scripts/check-browser.mjs
// Needs `npm run build ukpolice`. The browser is the one CHROMIUM names, else the first of the
// usual names on the path. Where there is none the check is skipped, aloud; under CI that is a
// failure.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { build } from 'vite'
import { makeCalls } from '../packages/ukpolice/test/programs/browser-calls.mjs'
import { generateData, startTestServer } from '@ukpolice/client/testing'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const LONGEST_MS = 90_000
const MONTHS = ['2026-06', '2026-07', '2026-08']
const CODES = [
  'OPTION_UNKNOWN_CATEGORY',
  'API_UNKNOWN_NEIGHBOURHOOD',
  'API_TOO_MANY_RESULTS',
  'API_OUTAGE',
  'TIMED_OUT',
  'SHAPE_NOT_JSON',
  'CONNECTION_FAILED',
]

const program = '../packages/ukpolice/test/programs/browser-calls.mjs'
const data = generateData({ crimeCount: 1500, pointCount: 200 })
const tileLimit = 300

/** What each call should give, for both could be wrong alike. */
const isRight = {
  forces: (forces) => isDeepStrictEqual(forces, data.forces),
  'crimes of an area that has to be tiled': ({ rows }) => {
    const wanted = data.crimes
      .map(({ row }) => row)
      .filter((row) => row.month === '2026-07' && row.location && !inHole(row.location))
      .map((row) => JSON.stringify(row))
    return wanted.length > tileLimit && isDeepStrictEqual(rows, wanted.sort())
  },
  'stops of each month': ({ seen, remaining }) =>
    seen.every(([, status, stops]) => status === 'done' && stops.length > 0) &&
    isDeepStrictEqual([seen.map(([month]) => month), remaining], [MONTHS, []]),
  'a cached answer': ([first, second]) =>
    first.rows.length > 0 &&
    isDeepStrictEqual([first.fromCache, second], [false, { rows: first.rows, fromCache: true }]),
  'an answer that is cut once': ({ detail, attempts }) =>
    detail.id === 'leicestershire' && isDeepStrictEqual(attempts, [2]),
  'an abort in flight': (outcome) =>
    isDeepStrictEqual(outcome, { unchanged: true, atOnce: true, requests: 1 }),
  'an abort amid the tiles': (outcome) =>
    isDeepStrictEqual(outcome, { unchanged: true, requestsAfter: 0 }),
  'typed errors': (errors) =>
    errors.every(({ typed }) => typed) &&
    isDeepStrictEqual(
      errors.map(({ code }) => code),
      CODES,
    ),
}

const browser = (process.env.CHROMIUM ? [process.env.CHROMIUM] : NAMES)
  .map((command) => ({ command, found: spawnSync(command, ['--version'], { encoding: 'utf8' }) }))
  .find(({ found }) => found.status === 0)
if (browser === undefined) {
  console.log(`SKIPPED (no browser): there is none of ${process.env.CHROMIUM ?? NAMES.join(', ')}`)
  process.exitCode = process.env.CI ? 1 : 0
} else {
  const version = browser.found.stdout.trim()
  const ofNode = await withServer((server) => makeCalls(server.url))
  const ofPage = await withServer((server) => callInPage(browser.command, server))
  const failures = [...checkServer(ofPage.requests), ...compare(ofNode.results, ofPage.results)]
  for (const failure of failures) console.log(`FAILED: ${failure}`)
  const seen = `${ofPage.requests.length} requests across origins, none with a preflight`
  console.log(
    failures.length === 0
      ? `${version} gives what Node ${process.version} gives; ${seen}`
      : `${failures.length} faults of ${version} beside Node ${process.version}`,
  )
  process.exitCode = failures.length === 0 ? 0 : 1
}

/** Runs calls on a server of their own, so that neither empties the other's rate limit. */
async function withServer(run) {
  let forceRequests = 0
  const fault = ({ path: route }) => {
    switch (route) {
      case 'forces/leicestershire':
        forceRequests += 1
        return forceRequests === 1 ? { kind: 'cut' } : undefined
      case 'slow':
        return { kind: 'delay', delayMs: 5000 }
      case 'outage':
        return { kind: 'status', status: 500 }
      case 'page':
        return { kind: 'body', body: '<html></html>', contentType: 'text/html' }
      case 'cut':
        return { kind: 'cut' }
      default:
        return undefined
    }
  }
  const server = await startTestServer(data, { limit: tileLimit, fault })
  try {
    return { results: await run(server), requests: server.requests }
  } finally {
    await server.close()
  }
}

/** Whether a place lies in the hole of the area in `browser-calls.mjs`, a triangle. */
function inHole({ latitude, longitude }) {
  const height = 52.65 - Number(latitude)
  return height > 0 && height < 0.03 && Math.abs(Number(longitude) + 1.12) * 3 < height * 2
}

/** Opens a page that makes the calls and posts their results back to where it came from. */
async function callInPage(command, api) {
  const script = await bundle()
  const profile = mkdtempSync(path.join(tmpdir(), 'check-browser-'))
  let resolve, reject
  const results = new Promise((...settle) => ([resolve, reject] = settle))
  const page = `<!doctype html><title>check</title><script src="/bundle.js"></script><script>
    const report = (route, body) => fetch(route, { method: 'POST', body })
    addEventListener('error', (event) => report('/failed', event.message))
    check.makeCalls(${JSON.stringify(api.url)}).then(
      (results) => report('/results', JSON.stringify(results)),
      (error) => report('/failed', String(error && error.stack)),
    )
  </script>`
  const server = createServer((request, response) => {
    const type = request.url === '/bundle.js' ? 'text/javascript' : 'text/html'
    response.setHeader('content-type', `${type}; charset=utf-8`)
    if (request.url === '/bundle.js') response.end(script)
    else if (request.url === '/') response.end(page)
    else if (request.method !== 'POST') response.writeHead(404).end()
    else {
      response.end()
      text(request)
        .then((body) => {
          if (request.url === '/results') resolve(JSON.parse(body))
          else reject(new Error(`the page failed: ${body}`))
        })
        .catch(reject)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `http://127.0.0.1:${server.address().port}/`
  const child = spawn(command, [...FLAGS, `--user-data-dir=${profile}`, address], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaints = ''
  child.stderr.on('data', (chunk) => (complaints += chunk))
  const ended = new Promise((done) => child.once('close', done))
  child.once('error', reject)
  child.once('exit', (code) => reject(new Error(`it ended with exit code ${code}`)))
  const timer = setTimeout(() => reject(new Error(`no results after ${LONGEST_MS} ms`)), LONGEST_MS)
  try {
    return await results
  } catch (error) {
    throw new Error(`${command}: ${error.message}\n${complaints}`, { cause: error })
  } finally {
    clearTimeout(timer)
    child.kill()
    await ended
    server.close()
    server.closeAllConnections()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The calls and the built client as one script, as a user's bundler makes it. */
async function bundle() {
  const entry = fileURLToPath(new URL(program, import.meta.url))
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    build: { write: false, lib: { entry, formats: ['iife'], name: 'check' } },
  })
  const [{ output }] = [result].flat()
  if (output.length !== 1) throw new Error(`the bundle has ${output.length} files instead of one`)
  return output[0].code
}

/** What only the server can tell of the page's requests. */
function checkServer(requests) {
  const failures = []
  const expect = (condition, text) => {
    if (!condition) failures.push(text)
  }
  const status = (wanted) => requests.filter((request) => request.status === wanted).length
  expect(
    requests.every(({ headers }) => /Chrome\//.test(headers['user-agent'] ?? '')),
    'a request came from elsewhere than the browser',
  )
  expect(
    requests.every(({ method }) => method === 'GET' || method === 'POST'),
    'a request needed a preflight, which the service is not known to answer',
  )
  expect(
    requests.some(({ method, headers }) => method === 'POST' && headers.origin !== undefined),
    'no request crossed origins',
  )
  expect(status(503) >= 4, `${status(503)} areas were refused; the check has to tile one`)
  return failures
}

/** Differences between the results of Node and of the page, and from what they should be. */
function compare(ofNode, ofPage) {
  const failures = []
  for (const [name, wanted] of Object.entries(ofNode)) {
    const found = ofPage[name]
    const equal = isDeepStrictEqual(found, wanted)
    const right = equal && !wanted.threw && isRight[name](wanted)
    console.log(`${name.padEnd(40)} ${right ? 'equal' : equal ? 'WRONG in both' : 'DIFFERENT'}`)
    if (right) continue
    const show = (value) => JSON.stringify(value)?.slice(0, 1500)
    failures.push(`${name}: Node gives ${show(wanted)}, the page ${show(found)}`)
  }
  const missing = Object.keys(isRight).filter((name) => !(name in ofNode))
  return [...failures, ...missing.map((name) => `${name}: was not asked for`)]
}
