import { afterAll, describe } from 'vitest'
import { postgresKind } from '../support/warehouse.js'
import { contractSuite } from './contract-suite.js'

const kind = postgresKind()
const isThere = await kind.start()
afterAll(() => kind.stop())
describe.skipIf(!isThere)('PostgreSQL', () => contractSuite(kind))
