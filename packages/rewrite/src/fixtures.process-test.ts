import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { LoadedTable } from '@moraine/catalogs/catalog'
import type { Snapshot } from '@moraine/iceberg/metadata/snapshot'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { makeTasks } from '@moraine/maintenance/plan/make-tasks'
import type { RewriteGroup, RewriteMethod } from '@moraine/maintenance/plan/rewrite-plan'
import type { RewriteResult } from '@moraine/maintenance/plan/rewrite-result'
import type { RewriteTask } from '@moraine/maintenance/plan/rewrite-task'
import { readTable } from '@moraine/maintenance/table/read-table'
import { scanGroups } from '@moraine/maintenance/table/scan-groups'
import { verifyGroup } from '@moraine/maintenance/verify/verify-group'
import { must } from '@moraine/stdx/assert'
import { isKind } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import { canonicalRow, sortCanonical } from '@moraine/testkit/canonical-row'
import type { ExpectedLineage } from '@moraine/testkit/fixtures/expected-table'
import { allFixtureNames, openFixture } from '@moraine/testkit/fixtures/fixture-table'
import { readPlan } from './read-plan/read-plan.ts'
import { LINEAGE_FIELDS } from './read-plan/row-source.ts'
import { outputValues } from './testing/output-values.ts'
import { openLab, type RewriteLab } from './testing/rewrite-lab.ts'

// Tables that Spark, Flink and PyIceberg wrote, with the rows that those engines read. Every live file is rewritten here,
// so the outputs together must hold the rows of the table.

let lab: RewriteLab
before(() => {
  lab = openLab()
})
after(() => lab.close())

type Kind = RewriteMethod['kind']

/** What is not rewritten, and what it says. */
const REFUSED: readonly (readonly [table: string, kinds: readonly Kind[], message: RegExp])[] = [
  // Its one file has deletes.
  ['variant', ['rewrite', 'concat'], /column v: columns of type variant cannot be rewritten/],
  ['orc-and-avro', ['rewrite', 'concat'], /is in (orc|avro); only Parquet files are rewritten/],
  ['codecs', ['rewrite', 'concat'], /Unsupported compression codec "LZ4"/],
]

for (const name of allFixtureNames()) {
  for (const kind of ['rewrite', 'concat'] as const) {
    test(`${name}: every live row, by ${kind}`, async () => {
      const refused = REFUSED.find(([table, kinds]) => table === name && kinds.includes(kind))
      if (refused === undefined) return rewriteAll(name, kind)
      return assert.rejects(
        rewriteAll(name, kind),
        (error) => isKind(error, 'unsupported') && refused[2].test(error.message),
      )
    })
  }
}

async function rewriteAll(name: string, kind: Kind): Promise<void> {
  const fixture = await openFixture(name)
  const { metadataLocation } = fixture
  const metadata = parseTableMetadata(await fixture.fileIO.read(metadataLocation), metadataLocation)
  const state = await readTable(fixture.fileIO, loadedTable(metadata, metadataLocation))
  const { snapshot } = state
  if (snapshot === undefined) return
  const expected = must(
    fixture.expected.snapshots.find(({ snapshotId }) => snapshotId === snapshot.snapshotId),
    'the expected rows',
  )
  // A schema may be newer than the snapshot.
  const schema = metadata.schemas.find(({ schemaId }) => schemaId === snapshot.schemaId)
  const found: FoundRow[] = []
  for (const task of tasksOf(name, kind, metadata, snapshot, await scanGroups(fixture.fileIO, state))) {
    const result = await lab.run(task, { io: readingThrough(fixture.fileIO) })
    const planned = { ...task, group: { ...task.group, method: result.method } }
    const verdict = verifyGroup(planned, result, task.table)
    assert.deepEqual(verdict, { kind: 'verified' })
    found.push(...(await rowsOf(result, task, schema ?? task.table.schema)))
  }
  if (expected.rows === undefined) return assert.equal(found.length, expected.rowCount)
  assert.deepEqual(sortCanonical(found.map(({ text }) => text)), expected.rows)
  if (expected.lineage === undefined) return
  const wanted = expected.rows.map((text, at): FoundRow => ({ text, lineage: lineageText(expected.lineage?.[at]) }))
  assert.deepEqual(sorted(found), sorted(wanted))
}

type FoundRow = { readonly text: string; readonly lineage: string }

function tasksOf(
  name: string,
  kind: Kind,
  metadata: TableMetadata,
  snapshot: Snapshot,
  groups: readonly RewriteGroup[],
): readonly RewriteTask[] {
  return makeTasks({
    name,
    metadata: {
      ...metadata,
      properties: { ...metadata.properties, 'write.data.path': `${lab.root}/out/${name}-${kind}` },
    },
    plan: {
      planVersion: 1,
      tableUuid: metadata.tableUuid ?? '',
      tableLocation: metadata.location,
      baseSnapshotId: snapshot.snapshotId,
      baseSequenceNumber: snapshot.sequenceNumber,
      schemaId: metadata.currentSchemaId,
      optimizingType: 'full',
      groups: groups.map((group) => ({ ...group, method: { kind, reason: 'test' } })),
      releasedDeletes: [],
      skipped: [],
    },
    storage: {},
    runId: 'fixture',
  })
}

async function rowsOf(result: RewriteResult, task: RewriteTask, schema: Schema): Promise<readonly FoundRow[]> {
  const { constants } = readPlan(task)
  const fields = [...schema.fields, ...LINEAGE_FIELDS]
  const values = await outputValues(lab, result, fields, { ...task.table, constants })
  return values.map((row) => ({
    text: canonicalRow(row, schema.fields),
    lineage: `${String(row['_row_id'])} ${String(row['_last_updated_sequence_number'])}`,
  }))
}

function lineageText(lineage: ExpectedLineage | undefined): string {
  return `${lineage?.rowId ?? null} ${lineage?.lastUpdatedSequenceNumber ?? null}`
}

function sorted(rows: readonly FoundRow[]): readonly string[] {
  return sortCanonical(rows.map(({ text, lineage }) => `${text} ${lineage}`))
}

function loadedTable(metadata: TableMetadata, metadataLocation: string): LoadedTable {
  return { metadata, metadataLocation } as LoadedTable
}

/** Reads the fixture, and writes into the lab. */
function readingThrough(fixture: FileIO): FileIO {
  const { io } = lab.context
  const reader = (location: string) => (location.startsWith(lab.root) ? io : fixture)
  return {
    ...io,
    read: (location, signal) => reader(location).read(location, signal),
    readRange: (location, offset, length, signal) => reader(location).readRange(location, offset, length, signal),
    stat: (location, signal) => reader(location).stat(location, signal),
    localPath: (location) => reader(location).localPath?.(location),
  }
}
