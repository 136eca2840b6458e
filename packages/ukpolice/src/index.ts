export type { AnswerDetails, Rows, TiledPage } from './answer.js'
export type {
  GeoJsonArea,
  GeoJsonFeature,
  GeoJsonFeatureCollection,
  GeoJsonMultiPolygon,
  GeoJsonPolygon,
  GeoJsonPosition,
  LatLng,
  LocationArea,
  PointArea,
  PolygonArea,
  PolygonInput,
  Ring,
  Rings,
} from './area.js'
export { readPolygons } from './area.js'
export { type Cache, type CacheEntry, memoryCache, type MemoryCacheOptions } from './cache.js'
export { createClient, type PoliceClient, type RawRequestOptions } from './client.js'
export {
  type CoverageNote,
  coverageNotes,
  type CoverageQuery,
  type Dataset,
  findCoverageNotes,
} from './coverage.js'
export * from './errors.js'
export { addMonths, isMonth, type Month, monthsBetween } from './month.js'
export type { MonthProgress, MonthRange, MonthResult, MonthRun, MonthRunOptions } from './months.js'
export type { CallOptions, ClientOptions } from './options.js'
export type { RateLimits } from './rate-limiter.js'
export type { TileCallOptions } from './resources/areas.js'
export type {
  AvailabilityResource,
  CategoriesResource,
  LateForces,
} from './resources/availability.js'
export type {
  CrimesAtLocationQuery,
  CrimesResource,
  StreetCrimesQuery,
  TiledCrimesQuery,
  UnplacedCrimesQuery,
} from './resources/crimes.js'
export type { ForcesResource } from './resources/forces.js'
export type { ForceArea, NeighbourhoodsResource } from './resources/neighbourhoods.js'
export type { OutcomesQuery, OutcomesResource, TiledOutcomesQuery } from './resources/outcomes.js'
export type {
  ForceStops,
  ForceStopsQuery,
  StopsAtLocationQuery,
  StopsResource,
  StreetStopsQuery,
  TiledStopsQuery,
} from './resources/stops.js'
export { checkShape, type Finding, type ShapeMode, type ShapeName } from './shapes.js'
export type { Fetch, RequestEvent, RetryEvent, RetryPolicy } from './transport.js'
export type * from './types.js'
export {
  coordinates,
  monthStart,
  position,
  stopMonth,
  stopTime,
  ukLocalTime,
  wholeNumber,
} from './values.js'
export * from './words.js'
