import { afterAll } from 'vitest'
import { duckdbKind } from '../support/warehouse.js'
import { contractSuite } from './contract-suite.js'

const kind = duckdbKind()
await kind.start()
afterAll(() => kind.stop())
contractSuite(kind)
