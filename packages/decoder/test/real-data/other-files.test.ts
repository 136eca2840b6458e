import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { detectSpec } from '../../src/detect.js'
import { openInput } from '../../src/input.js'
import { sharedFolder } from './shared-data.js'

/** Files that look like master files from afar: submissions of agencies, other FBI master files. */
for (const name of ['nibrs-submission', 'ucr-master']) {
  const folder = sharedFolder(name)

  test.runIf(folder !== null)(`no real file of ${name} is taken for a master file`, async () => {
    const files = readdirSync(folder!)
    expect(files.length).toBeGreaterThan(5)
    for (const file of files) {
      const detecting = detectSpec(openInput(path.join(folder!, file)))
      await expect(detecting, file).rejects.toMatchObject({ code: 'SPEC_NOT_DETECTED' })
    }
  })
}
