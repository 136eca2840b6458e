// node decode.mjs ARGUMENT...: the command line, then the peak memory of this process on stderr.
import { main } from '../../../dist/cli/main.js'

process.exitCode = await main(process.argv.slice(2))
console.error(`peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`)
