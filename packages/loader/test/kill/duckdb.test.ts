import { killSuite } from './kill-suite.js'
import { duckdbPlace } from './places.js'

killSuite(duckdbPlace())
