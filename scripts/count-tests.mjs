// Prints what a JSON report of vitest counts: passed, failed, skipped, and passed over real data.
//   node scripts/count-tests.mjs report.json
import { readFileSync } from 'node:fs'

const { testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
let passed = 0
let failed = 0
let skipped = 0
let real = 0
for (const { name, status, assertionResults } of testResults) {
  // A file that could not be loaded fails without a test of its own.
  if (status === 'failed' && assertionResults.every((test) => test.status !== 'failed')) failed++
  for (const test of assertionResults) {
    if (test.status === 'passed') passed++
    else if (test.status === 'failed') failed++
    else skipped++
    if (test.status === 'passed' && name.includes('/real-data/')) real++
  }
}
console.log(passed, failed, skipped, real)
