#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'
import { main } from '@nibrs/decoder/cli'

// Generated WebAssembly does the bulk of the work, and Node 20 spends a fifth of the time of a
// 100 MB file on optimising the JavaScript around it. So let that wait sixty times as long; later
// versions are in less of a hurry by themselves. Files of any size take no longer for it.
if (process.versions.node.startsWith('20.')) setFlagsFromString('--interrupt-budget=4000000')

process.exitCode = await main(process.argv.slice(2))
