import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { COMMON_PROPERTIES, METASTORES } from './catalog-matrix.ts'

const GUIDE = readFileSync(new URL('../../../../docs/guides/catalogs.md', import.meta.url), 'utf8')

test('the guide has the properties of each type', () => {
  const code = (keys: readonly string[]) => keys.map((key) => `\`${key}\``).join(', ')
  for (const { value, required, elsewhere = {}, optional } of METASTORES) {
    const needs = required.map((key) => `\`${key}\`${elsewhere[key] === undefined ? '' : ` (or ${elsewhere[key]})`}`)
    const row = `| \`${value}\` | ${needs.join(', ')} | ${code(optional)} |`
    assert.ok(GUIDE.includes(`\n  ${row}\n`), `docs/guides/catalogs.md lacks this row:\n${row}`)
  }
  assert.ok(GUIDE.includes(`| every type |  | ${code(COMMON_PROPERTIES)} |`), code(COMMON_PROPERTIES))
})

/** Where each type reads its own. */
const READERS: Readonly<Record<string, string>> = {
  rest: 'rest/rest-settings.ts',
  glue: 'glue/glue-settings.ts',
  hive: 'hive/hive-settings.ts',
  jdbc: 'jdbc/jdbc-settings.ts',
}

test('what a type reads is among what it is said to take', () => {
  for (const [type, file] of Object.entries(READERS)) {
    const text = readFileSync(new URL(`../../../catalogs/src/${file}`, import.meta.url), 'utf8')
    const read = [...text.matchAll(/'((?:rest|glue|jdbc|hive\.metastore|iceberg|engine)\.[\w.-]+\w)'/g)].map(
      ([, key = '']) => key,
    )
    const { required, optional } = METASTORES.find(({ value }) => value === type) ?? assert.fail(type)
    const known = new Set([...required, ...optional, ...REFUSED])
    assert.deepEqual(
      read.filter((key) => !known.has(key)),
      [],
      file,
    )
    assert.ok(read.length > 0, file)
  }
})

/** Read to be refused, with what to give instead. */
const REFUSED = ['glue.lakeformation-enabled', 'hive.metastore.sasl.enabled', 'hive.metastore.truststore.path']
