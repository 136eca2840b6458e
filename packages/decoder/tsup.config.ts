import { execFileSync } from 'node:child_process'
import { defineConfig } from 'tsup'
import { copySpecs } from './scripts/copy-specs.mjs'

export const config = defineConfig({
  entry: {
    index: 'src/index.ts',
    'sinks/parquet': 'src/sinks/parquet.ts',
    'sinks/arrow': 'src/sinks/arrow.ts',
    'sinks/csv': 'src/sinks/csv.ts',
    'sinks/ndjson': 'src/sinks/ndjson.ts',
    'testing/index': 'src/testing/index.ts',
    'cli/main': 'src/cli/main.ts',
    'parallel/worker': 'src/parallel/worker.ts',
    'spec/build': 'src/spec/build.ts',
  },
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  dts: { compilerOptions: { composite: false } },
  splitting: true,
  sourcemap: false,
  clean: true,
  treeshake: true,
  onSuccess: async () => {
    copySpecs()
    execFileSync(process.execPath, ['scripts/write-compiled-specs.mjs'], { stdio: 'inherit' })
  },
})

export { config as default }
