import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { JDBC_TRAITS, jdbcConformance } from './testing/jdbc-under-test.ts'

// Two clients with a connection each to a file that is not there yet. Each commit goes to the disk.

const directory = mkdtempSync(join(tmpdir(), 'moraine-jdbc-'))
after(() => rmSync(directory, { recursive: true, force: true }))
let files = 0

catalogConformance(
  'JDBC catalog in a file',
  JDBC_TRAITS,
  jdbcConformance(() => {
    files += 1
    return { uri: `jdbc:sqlite:${join(directory, `${files}.db`)}`, 'jdbc.schema-version': 'V1' }
  }),
)
