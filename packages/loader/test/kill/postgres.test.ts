import { killSuite } from './kill-suite.js'
import { postgresPlace } from './places.js'

killSuite(postgresPlace())
