#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'
import { main } from '../dist/cli/main.js'

// As for nibrs-decode: generated WebAssembly does the bulk of the work, and Node 20 spends a tenth of
// the time of a 200 MB file on optimising the JavaScript around it. So let that wait nine times as
// long, much as later versions do by themselves.
if (process.versions.node.startsWith('20.')) setFlagsFromString('--interrupt-budget=600000')

process.exitCode = await main(process.argv.slice(2))
