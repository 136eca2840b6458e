import { defineConfig } from 'tsup'

export const config = defineConfig({
  entry: {
    index: 'src/index.ts',
    'node/index': 'src/node/index.ts',
    'archive/index': 'src/archive/index.ts',
    'testing/index': 'src/testing/index.ts',
    'cli/main': 'src/cli/main.ts',
  },
  format: ['esm'],
  target: 'node20',
  platform: 'neutral',
  external: [/^node:/],
  dts: { compilerOptions: { composite: false } },
  splitting: true,
  sourcemap: false,
  clean: true,
  treeshake: true,
})

export { config as default }
