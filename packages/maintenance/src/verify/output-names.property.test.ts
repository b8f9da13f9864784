import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import { must } from '@moraine/stdx/assert'
import fc from 'fast-check'
import { dataFileLocation, deleteFileLocation, vectorFileLocation } from '../plan/output-names.ts'
import type { RewriteGroup } from '../plan/rewrite-plan.ts'
import type { OutputDataFile, OutputDeleteFile, RewriteResult } from '../plan/rewrite-result.ts'
import { type Verdict, type VerifiedTask, verifyGroup } from './verify-group.ts'

/** A task and the honest report of it, by any method, in a table at a place with any name. */
type Case = { readonly task: VerifiedTask; readonly report: RewriteResult; readonly formatVersion: 2 | 3 }

const SEQUENCE = 40
const INPUT_ROWS = 100

const cases: fc.Arbitrary<Case> = fc
  .record({
    location: fc.constantFrom('/lake/t', 'file:/lake/t', 's3a://lake/t', '/lake/a b%20c/t', '/lake/ü#?/t'),
    partition: fc.constantFrom('', 'region=eu/', 'name=a%2Fb+c/'),
    groupId: fc.integer({ min: 1, max: 12 }),
    attempt: fc.integer({ min: 1, max: 12 }),
    outputs: fc.integer({ min: 1, max: 4 }),
    method: fc.constantFrom('rewrite' as const, 'convert-deletes' as const),
    formatVersion: fc.constantFrom(2 as const, 3 as const),
  })
  .map(({ location, partition, groupId, attempt, outputs, method, formatVersion }) => {
    const directory = `${location}/data/${partition}`
    const output = { directory, filePrefix: prefixOf(groupId, attempt) }
    const group: RewriteGroup = {
      ...{ groupId, specId: 0, partition: [], partitionPath: '', deletes: [], targetSizeBytes: 1 },
      method: { kind: method, reason: 'test' },
      inputs: Array.from({ length: outputs }, (_, at) => inputAt(`${directory}in-${at}.parquet`)),
    }
    const task: VerifiedTask = { group, output, baseSequenceNumber: SEQUENCE }
    return { task, formatVersion, report: method === 'rewrite' ? rewriteOf(task) : conversionOf(task, formatVersion) }
  })

function prefixOf(groupId: number, attempt: number): string {
  return `${String(groupId).padStart(5, '0')}-1887436800000000001-${attempt}`
}

function inputAt(filePath: string): RewriteGroup['inputs'][number] {
  return {
    filePath,
    fileFormat: 'parquet',
    recordCount: INPUT_ROWS,
    fileSizeBytes: 9,
    dataSequenceNumber: 1,
    deletes: [],
  }
}

const COST = { elapsedMs: 1, cpuMs: 1, peakRssBytes: 1, inputBytes: 1, outputBytes: 1 }

function rewriteOf({ group, output }: VerifiedTask): RewriteResult {
  const rows = group.inputs.length * INPUT_ROWS
  return {
    ...{ resultVersion: 1, groupId: group.groupId, method: group.method, deleteFiles: [], cost: COST },
    dataFiles: group.inputs.map((_, at) => dataFileAt(dataFileLocation(output, at))),
    evidence: { kind: 'row-hash', inputRows: rows, deletedRows: 0, outputRows: rows, inputHash: 'a', outputHash: 'a' },
  }
}

function dataFileAt(filePath: string): OutputDataFile {
  const file = { filePath, recordCount: INPUT_ROWS, fileSizeBytes: 9, splitOffsets: [4], sortOrderId: 0 }
  return { ...file, metrics: EMPTY_METRICS }
}

function conversionOf({ group, output }: VerifiedTask, formatVersion: 2 | 3): RewriteResult {
  const figures = { recordCount: 5, fileSizeBytes: 9, metrics: EMPTY_METRICS }
  const deleteFiles = group.inputs.map(({ filePath: referencedDataFile }, at): OutputDeleteFile => {
    if (formatVersion < 3) {
      const filePath = deleteFileLocation(output, at, referencedDataFile, SEQUENCE)
      return { ...figures, filePath, fileFormat: 'parquet', referencedDataFile }
    }
    const place = { contentOffset: 4 + at * 50, contentSizeBytes: 50 }
    const filePath = vectorFileLocation(output, SEQUENCE)
    return { ...figures, ...place, filePath, fileFormat: 'puffin', referencedDataFile }
  })
  const files = group.inputs.map(({ filePath: dataFile }) => {
    return { dataFile, recordCount: INPUT_ROWS, deletedRows: 5, writtenPositions: 5 }
  })
  return {
    ...{ resultVersion: 1, groupId: group.groupId, method: group.method, dataFiles: [], deleteFiles, cost: COST },
    evidence: { kind: 'deleted-positions', files },
  }
}

/** Names of other files, told apart from the one they stand for only by where they lie or whose they are. */
const LIES: Readonly<Record<string, (path: string, task: VerifiedTask) => string>> = {
  'a file of another table': (path) => path.replace('/t/', '/u/'),
  'a file of another group': (path, { group, output }) =>
    path.replace(output.filePrefix, prefixOf(group.groupId + 1, 1)),
  'a file of another attempt': (path, { group, output }) =>
    path.replace(output.filePrefix, prefixOf(group.groupId, 13)),
  'a file of an attempt that begins alike': (path, { output }) =>
    path.replace(output.filePrefix, `${output.filePrefix}1`),
  'a file without the attempt': (path, { output }) => path.replace(output.filePrefix, '00000-0-other'),
  'a way out of the directory': (path, { output }) => path.replace(output.directory, `${output.directory}../`),
  'a way out and back': (path, { output }) => path.replace(output.directory, `${output.directory}x/../`),
  'an escaped way out': (path, { output }) => path.replace(output.directory, `${output.directory}%2e%2e/`),
  'an escaped name': (path) => path.replace(/-(?=[^/]*$)/, '%2D'),
  'a doubled slash': (path) => path.replace('/data/', '/data//'),
  'a folder below': (path, { output }) => path.replace(output.directory, `${output.directory}p=1/`),
  'another scheme': (path) => (path.startsWith('/') ? `file:${path}` : path.replace(/^\w+:/, 's3:')),
  'another case': (path) => path.replace('/data/', '/DATA/'),
  'another ending': (path) => path.replace(/\.(parquet|puffin)$/, '.orc'),
  'a number that is none': (path) => path.replace(/(\d)\.(parquet|puffin)$/, '0$1.$2'),
  'an end of the text': (path) => `${path}\n`,
  'the input itself': (_, { group }) => must(group.inputs[0], 'an input').filePath,
}

const verdictOf = ({ task, formatVersion }: Case, report: RewriteResult): Verdict =>
  verifyGroup(task, report, {
    formatVersion,
    schema: { schemaId: 0, fields: [], identifierFieldIds: [] },
    partitionSpecs: [{ specId: 0, fields: [] }],
  })

test('the files of an attempt are taken, whatever the name of the place', () => {
  fc.assert(fc.property(cases, (one) => assert.deepEqual(verdictOf(one, one.report), { kind: 'verified' })))
})

for (const [what, lie] of Object.entries(LIES)) {
  test(`a report that names ${what} is refused`, () => {
    fc.assert(
      fc.property(cases, fc.nat(), (one, pick) => {
        const { dataFiles, deleteFiles } = one.report
        const at = pick % (dataFiles.length + deleteFiles.length)
        const lied = <T extends { readonly filePath: string }>(file: T): T => ({
          ...file,
          filePath: lie(file.filePath, one.task),
        })
        const verdict = verdictOf(one, {
          ...one.report,
          dataFiles: dataFiles.map((file, index) => (index === at ? lied(file) : file)),
          deleteFiles: deleteFiles.map((file, index) => (index === at ? lied(file) : file)),
        })
        assert.equal(verdict.kind, 'refused')
      }),
    )
  })
}

test('a delete file whose name claims to hold other deletes than it was made of is refused', () => {
  fc.assert(
    fc.property(cases, fc.integer({ min: 0, max: 99 }), (one, claimed) => {
      const rename = (path: string) => path.replace(`-delete-s${SEQUENCE}-`, `-delete-s${claimed}-`)
      const deleteFiles = one.report.deleteFiles.map((file) => ({ ...file, filePath: rename(file.filePath) }))
      const isHonest = claimed === SEQUENCE || deleteFiles.length === 0
      assert.equal(verdictOf(one, { ...one.report, deleteFiles }).kind, isHonest ? 'verified' : 'refused')
    }),
  )
})

test('one of the files named twice is refused', () => {
  fc.assert(
    fc.property(cases, (one) => {
      const { dataFiles, deleteFiles } = one.report
      if (dataFiles.length + deleteFiles.length < 2) return
      const twice = <T>(files: readonly T[]): readonly T[] =>
        files.map((file, at) => (at === 1 ? (files[0] ?? file) : file))
      const report = { ...one.report, dataFiles: twice(dataFiles), deleteFiles: twice(deleteFiles) }
      assert.equal(verdictOf(one, report).kind, 'refused')
    }),
  )
})
