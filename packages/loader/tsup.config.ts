import { defineConfig } from 'tsup'

export const config = defineConfig({
  entry: {
    index: 'src/index.ts',
    'sources/index': 'src/sources/index.ts',
    'cli/main': 'src/cli/main.ts',
    'destinations/duckdb': 'src/destinations/duckdb.ts',
    'destinations/postgres': 'src/destinations/postgres.ts',
    'destinations/postgres-worker': 'src/destinations/postgres-worker.ts',
  },
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  dts: { compilerOptions: { composite: false } },
  splitting: true,
  sourcemap: false,
  clean: true,
  treeshake: true,
})

export { config as default }
