export {
  currentCategories,
  type HeldCrime,
  type HeldNeighbourhood,
  type HeldOutcome,
  type HeldStop,
  type TestData,
} from './data.js'
export { generateData, type GenerateOptions, seededRandom } from './generate.js'
export type { BorderRule } from './geometry.js'
export {
  type AnsweredRequest,
  type Fault,
  type SeenRequest,
  startTestServer,
  type TestServer,
  type TestServerOptions,
} from './server.js'
export { archiveFiles } from './archive-files.js'
export { makeZip, type ZipInput } from './zip.js'
export { readRecordedData } from './recorded.js'
