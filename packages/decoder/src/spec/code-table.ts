import { expectFormat, NAME, NAME_SHAPE, readName } from './read-values.js'
import type { CodeEntry, CodeTable } from './types.js'
import { readYaml, type YamlValue } from './yaml-source.js'

/**
 * Reads a code table file.
 *
 * @throws {SpecError} `SPEC_SYNTAX` or `SPEC_SCHEMA`, with file, line and column.
 */
export function readCodeTable(text: string, file: string): CodeTable {
  const root = readYaml(text, file)
  const head = root.expectKeys(
    'a code table',
    ['format', 'code_table', 'title', 'source', 'note', 'codes'],
    ['format', 'code_table', 'title', 'codes'],
  )
  expectFormat(head.get('format')!)
  return tableFrom(readName(head.get('code_table')!), head)
}

/** The code tables a spec holds itself. */
export function readInlineTables(value: YamlValue | undefined): ReadonlyMap<string, CodeTable> {
  const tables = new Map<string, CodeTable>()
  for (const { key, at, value: entry } of value?.entries('code tables') ?? []) {
    at.expectText('code table name', NAME, NAME_SHAPE)
    const known = ['title', 'source', 'note', 'codes']
    tables.set(key, tableFrom(key, entry.expectKeys('a code table', known, ['codes'])))
  }
  return tables
}

function tableFrom(name: string, keys: ReadonlyMap<string, YamlValue>): CodeTable {
  const codes = new Map<string, CodeEntry>()
  for (const { key, at, value } of keys.get('codes')!.entries('codes')) {
    if (key === '' || key.endsWith(' ')) {
      const message = `code "${key}" is blank or ends in a blank, which is not kept; remove the blank`
      throw at.fault('SPEC_SCHEMA', message)
    }
    codes.set(key, readCode(value))
  }
  if (codes.size === 0) {
    throw keys.get('codes')!.fault('SPEC_SCHEMA', `code table "${name}" has no codes; add them`)
  }
  const source = keys.get('source')?.expectText('source')
  const note = keys.get('note')?.expectText('note')
  return {
    name,
    title: keys.get('title')?.expectText('title') ?? name,
    ...(source === undefined ? {} : { source }),
    ...(note === undefined ? {} : { note }),
    codes,
  }
}

/** A label alone, or a map with label, years, note and attributes. */
function readCode(value: YamlValue): CodeEntry {
  if (!value.isMap) return { label: value.expectText('a label') }
  const known = ['label', 'from', 'to', 'note', 'attributes']
  const keys = value.expectKeys('a code', known, ['label'])
  const from = keys.get('from')?.expectWhole('from', 1, 9_999)
  const to = keys.get('to')?.expectWhole('to', from ?? 1, 9_999)
  const note = keys.get('note')?.expectText('note')
  const attributes = keys
    .get('attributes')
    ?.entries('attributes')
    .map((entry): [string, string] => [
      entry.at.expectText('attribute name', NAME, NAME_SHAPE),
      entry.value.expectText(`attribute ${entry.key}`),
    ])
  return {
    label: keys.get('label')!.expectText('label'),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(note === undefined ? {} : { note }),
    ...(attributes === undefined ? {} : { attributes: Object.fromEntries(attributes) }),
  }
}
