#!/usr/bin/env node
import { main } from '@nibrs/decoder/cli'

process.exitCode = await main(process.argv.slice(2))
