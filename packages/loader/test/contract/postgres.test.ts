import { afterAll, describe, it } from 'vitest'
import { postgresKind } from '../support/warehouse.js'
import { contractSuite } from './contract-suite.js'

const kind = postgresKind()
if (await kind.start()) {
  afterAll(() => kind.stop())
  contractSuite(kind)
} else {
  describe('PostgreSQL', () => {
    it('is not on this machine, so nothing was tested', () => undefined)
  })
}
