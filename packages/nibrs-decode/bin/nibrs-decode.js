#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'
import { main } from '@nibrs/decoder/cli'

// Generated WebAssembly does the bulk of the work, and Node 20 spends an eighth of the time of a
// 100 MB file on optimising the JavaScript around it. So let that wait nine times as long, much as
// later versions do by themselves; larger files gain a little too.
if (process.versions.node.startsWith('20.')) setFlagsFromString('--interrupt-budget=600000')

process.exitCode = await main(process.argv.slice(2))
