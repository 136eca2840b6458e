export { diskCache, type DiskCacheOptions } from './disk-cache.js'
