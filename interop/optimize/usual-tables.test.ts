import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ExpectedTable } from '@moraine/testkit/fixtures/expected-table'
import { allFixtureNames, openFixture } from '@moraine/testkit/fixtures/fixture-table'
import { USUAL_TABLES } from './usual-tables.ts'

test('the usual tables have every trait that a table kept as a fixture has', async () => {
  const usual = new Set<string>()
  const all = new Set<string>()
  for (const name of allFixtureNames()) {
    const { expected } = await openFixture(name)
    for (const trait of traitsOf(expected)) {
      all.add(trait)
      if (USUAL_TABLES.has(name)) usual.add(trait)
    }
  }
  assert.deepEqual([...usual].sort(), [...all].sort())
})

/** What can be told from a table's files: format, writer, kinds of files, several specs, branches. */
function traitsOf({ formatVersion, writtenBy, liveFiles, refs }: ExpectedTable): ReadonlySet<string> {
  const version = `v${formatVersion}`
  const kinds = liveFiles.map(({ content, format }) => `${content} in ${format}`)
  const deletes = [...new Set(kinds.filter((kind) => !kind.startsWith('data')))].sort()
  const specs = new Set(liveFiles.map(({ specId }) => specId))
  return new Set([
    version,
    `written by ${writtenBy.split(' ')[0]}`,
    ...kinds.map((kind) => `${version} ${kind}`),
    ...(deletes.length > 1 ? [`${version} ${deletes.join(' and ')}`] : []),
    ...(specs.size > 1 ? ['several specs'] : []),
    ...(refs.size > 1 ? ['branches and tags'] : []),
    ...(liveFiles.length === 0 ? ['no files'] : []),
  ])
}
