import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import type { PartitionSpec } from '@moraine/iceberg/partition/partition-spec'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { must } from '@moraine/stdx/assert'
import type { DeleteInput, RewriteGroup } from '../plan/rewrite-plan.ts'
import type { CopiedRange, OutputDataFile, OutputDeleteFile, RewriteResult } from '../plan/rewrite-result.ts'
import { type Verdict, type VerifyContext, verifyGroup } from './verify-group.ts'

const SCHEMA: Schema = {
  schemaId: 0,
  fields: [{ id: 1, name: 'id', required: true, type: { kind: 'int' } }],
  identifierFieldIds: [],
}
const SPECS: readonly PartitionSpec[] = [
  { specId: 0, fields: [] },
  { specId: 1, fields: [{ fieldId: 1000, sourceIds: [1], name: 'p', transform: { kind: 'truncate', width: 10 } }] },
]
const V2: VerifyContext = { formatVersion: 2, schema: SCHEMA, partitionSpecs: SPECS }
const V3: VerifyContext = { ...V2, formatVersion: 3 }

const vector: DeleteInput = {
  content: 'position-deletes',
  filePath: '/t/dv.puffin',
  fileFormat: 'puffin',
  specId: 0,
  partition: [],
  recordCount: 5,
  fileSizeBytes: 50,
  dataSequenceNumber: 2,
}

const group: RewriteGroup = {
  groupId: 1,
  specId: 0,
  partition: [],
  partitionPath: '',
  method: { kind: 'rewrite', reason: 'test' },
  inputs: ['/t/a.parquet', '/t/b.parquet'].map((filePath) => ({
    filePath,
    fileFormat: 'parquet',
    recordCount: 50,
    fileSizeBytes: 500,
    dataSequenceNumber: 1,
    firstRowId: 0n,
    deletes: [0],
  })),
  deletes: [vector],
  targetSizeBytes: 1000,
}

const int = (value: number) => Uint8Array.of(value, 0, 0, 0)
const output: OutputDataFile = {
  filePath: '/t/o-0.parquet',
  recordCount: 95,
  fileSizeBytes: 900,
  splitOffsets: [4],
  sortOrderId: 0,
  metrics: {
    ...EMPTY_METRICS,
    valueCounts: new Map([[1, 95]]),
    nullValueCounts: new Map([[1, 0]]),
    lowerBounds: new Map([[1, int(1)]]),
    upperBounds: new Map([[1, int(9)]]),
  },
}

const evidence = {
  kind: 'row-hash',
  inputRows: 100,
  deletedRows: 5,
  outputRows: 95,
  inputHash: 'ab',
  outputHash: 'ab',
} as const
const cost = { elapsedMs: 1, cpuMs: 1, peakRssBytes: 1, inputBytes: 1, outputBytes: 1 }
const result: RewriteResult = {
  resultVersion: 1,
  groupId: 1,
  method: { kind: 'rewrite', reason: 'test' },
  dataFiles: [output],
  deleteFiles: [],
  evidence,
  cost,
}

const OUTPUT = { directory: '/t/', filePrefix: 'o' }
const verdictOn = (planned: RewriteGroup, reported: RewriteResult, context: VerifyContext): Verdict =>
  verifyGroup({ group: planned, output: OUTPUT, baseSequenceNumber: 7 }, reported, context)

test('a proven rewrite is verified', () => {
  assert.deepEqual(verdictOn(group, result, V2), { kind: 'verified' })
})

const DELETES: OutputDeleteFile = {
  filePath: '/t/a-delete-s7-o-0.parquet',
  fileFormat: 'parquet',
  recordCount: 5,
  fileSizeBytes: 9,
  referencedDataFile: '/t/a.parquet',
  metrics: EMPTY_METRICS,
}

const refused: readonly [string, RewriteResult, RegExp][] = [
  ['another group', { ...result, groupId: 2 }, /the result is of group 2/],
  [
    'another row hash',
    { ...result, evidence: { ...evidence, outputHash: 'cd' } },
    /row hash of the inputs less their deletes is ab, of the outputs cd/,
  ],
  [
    'a lost row',
    { ...result, evidence: { ...evidence, outputRows: 94 } },
    /100 rows less 5 deleted is not the 94 written/,
  ],
  [
    'fewer input rows than the manifests count',
    { ...result, evidence: { ...evidence, inputRows: 99, outputRows: 94 } },
    /manifests count 100 input rows, the files hold 99/,
  ],
  [
    'a vector that was not applied',
    {
      ...result,
      evidence: { ...evidence, deletedRows: 0, outputRows: 100 },
      dataFiles: [{ ...output, recordCount: 100 }],
    },
    /deletion vectors hold 5 positions, 0 rows were deleted/,
  ],
  [
    'files that count other rows',
    { ...result, dataFiles: [{ ...output, recordCount: 94 }] },
    /95 rows were written, the output files count 94/,
  ],
  [
    'evidence of another kind',
    { ...result, evidence: { kind: 'copied-ranges', inputRows: 100, outputRows: 100, ranges: [] } },
    /rewrite needs evidence of row-hash/,
  ],
  [
    'a copy although deletes apply',
    { ...result, method: { kind: 'concat', reason: '' } },
    /copied although deletes apply/,
  ],
  [
    'an output on top of an input',
    { ...result, dataFiles: [{ ...output, filePath: '/t/a.parquet' }] },
    /output \/t\/a.parquet is also an input/,
  ],
  [
    'a rewrite that deletes from a file besides',
    { ...result, deleteFiles: [{ ...DELETES, referencedDataFile: '/t/elsewhere.parquet' }] },
    /a rewrite writes no deletes/,
  ],
  [
    'nulls in a required column',
    { ...result, dataFiles: [{ ...output, metrics: { ...output.metrics, nullValueCounts: new Map([[1, 3]]) } }] },
    /column id: 3 nulls in a required column/,
  ],
  [
    'bounds the wrong way round',
    { ...result, dataFiles: [{ ...output, metrics: { ...output.metrics, lowerBounds: new Map([[1, int(10)]]) } }] },
    /lower bound is above its upper bound/,
  ],
]

for (const [what, tampered, reason] of refused) {
  test(`refuses ${what}`, () => {
    const verdict = verdictOn(group, tampered, V2)
    assert.equal(verdict.kind, 'refused')
    assert.match(verdict.kind === 'refused' ? verdict.reason : '', reason)
  })
}

test('refuses a v3 rewrite that drops row lineage', () => {
  const verdict = verdictOn(group, result, V3)
  assert.deepEqual(verdict, {
    kind: 'refused',
    reason: 'group 1: /t/o-0.parquet: row lineage column _row_id has 0 values and unknown nulls',
  })
})

const conversion: RewriteResult = {
  ...result,
  method: { kind: 'convert-deletes', reason: 'test' },
  dataFiles: [],
  deleteFiles: [DELETES],
  evidence: {
    kind: 'deleted-positions',
    files: [
      { dataFile: '/t/a.parquet', recordCount: 50, deletedRows: 5, writtenPositions: 5 },
      { dataFile: '/t/b.parquet', recordCount: 50, deletedRows: 0, writtenPositions: 0 },
    ],
  },
}
const toConvert: RewriteGroup = { ...group, method: { kind: 'convert-deletes', reason: 'test' } }

test('a proven conversion is verified; one that loses a delete file or a position is refused', () => {
  assert.deepEqual(verdictOn(toConvert, conversion, V2), { kind: 'verified' })
  const reasonOf = (tampered: RewriteResult) => {
    const verdict = verdictOn(toConvert, tampered, V2)
    return verdict.kind === 'refused' ? verdict.reason : 'verified'
  }
  assert.match(reasonOf({ ...conversion, deleteFiles: [] }), /5 positions were written, the file lists 0/)
  const [file] = conversion.deleteFiles
  assert.match(
    reasonOf({ ...conversion, deleteFiles: [{ ...must(file, 'delete file'), recordCount: 4 }] }),
    /the file lists 4/,
  )
  assert.match(
    reasonOf({
      ...conversion,
      deleteFiles: [...conversion.deleteFiles, { ...must(file, 'f'), filePath: '/x', referencedDataFile: '/t/c' }],
    }),
    /not part of the group/,
  )
  assert.match(reasonOf({ ...conversion, dataFiles: [output] }), /wrote data files/)
  const more = { ...must(file, 'f'), filePath: '/t/a-delete-s7-o-1.parquet' }
  assert.match(reasonOf({ ...conversion, deleteFiles: [more, ...conversion.deleteFiles] }), /given deletes twice/)
  assert.match(
    reasonOf({ ...conversion, deleteFiles: [{ ...must(file, 'f'), fileFormat: 'puffin', contentOffset: 4 }] }),
    /format version 2 are written to parquet, not puffin/,
  )
  assert.equal(
    verdictOn(
      toConvert,
      {
        ...conversion,
        deleteFiles: [{ ...must(file, 'f'), fileFormat: 'puffin', filePath: '/t/o-delete-s7-0.puffin' }],
      },
      V3,
    ).kind,
    'verified',
  )
})

test('rows moved to the partition that was planned are verified, elsewhere they are refused', () => {
  const moved = { ...group, outputSpecId: 1 }
  const verdictOf = (planned: RewriteGroup, movedTo: OutputDataFile['movedTo'], folder = movedTo ? 'p=0/' : '') => {
    const file = { ...output, filePath: `/t/${folder}o-0.parquet`, ...(movedTo !== undefined && { movedTo }) }
    return verdictOn(planned, { ...result, dataFiles: [file] }, V2)
  }
  assert.deepEqual(verdictOf(moved, { specId: 1, partition: [0] }), { kind: 'verified' })
  assert.deepEqual(verdictOf(moved, undefined), { kind: 'verified' })
  for (const folder of ['', 'p=10/', 'p=0/p=0/', 'p%3D0/']) {
    const verdict = verdictOf(moved, { specId: 1, partition: [0] }, folder)
    assert.match(verdict.kind === 'refused' ? verdict.reason : 'verified', /would name it \/t\/p=0\/o-0.parquet/)
  }
  for (const [planned, movedTo, reason] of [
    [group, { specId: 1, partition: [0] }, /moved to partition spec 1, planned was to leave them/],
    [{ ...group, outputSpecId: 7 }, { specId: 7, partition: [0] }, /no partition spec 7/],
    [moved, { specId: 1, partition: [10] }, /partition field p: values from 1 to 9 do not belong to 10/],
  ] as const) {
    const verdict = verdictOf(planned, movedTo)
    assert.match(verdict.kind === 'refused' ? verdict.reason : 'verified', reason)
  }
})

const toCopy: RewriteGroup = {
  ...group,
  method: { kind: 'concat', reason: 'test' },
  inputs: group.inputs.map((input) => ({ ...input, deletes: [] })),
  deletes: [],
}
const rowGroup = (dataFile: string, offset: number, rows = 25): CopiedRange => ({
  bytes: 10,
  crcRead: 7,
  crcWritten: 7,
  rowGroup: { dataFile, offset, rows },
})
const [A, B] = ['/t/a.parquet', '/t/b.parquet']
const COPIED = [
  rowGroup(A, 4),
  rowGroup(A, 14),
  { bytes: 4, crcRead: 1, crcWritten: 1 },
  rowGroup(B, 14),
  rowGroup(B, 4),
]

const copyVerdict = (ranges: readonly CopiedRange[]) => {
  const copy: RewriteResult = {
    ...result,
    method: { kind: 'concat', reason: 'test' },
    dataFiles: [{ ...output, recordCount: 100, metrics: EMPTY_METRICS }],
    evidence: { kind: 'copied-ranges', inputRows: 100, outputRows: 100, ranges },
  }
  const verdict = verdictOn(toCopy, copy, V2)
  return verdict.kind === 'refused' ? verdict.reason : 'verified'
}

test('a copy of every row group is verified; one that misses, doubles, strays or differs is refused', () => {
  assert.equal(copyVerdict(COPIED), 'verified')
  const [first, second, rest, third, fourth] = COPIED as [
    CopiedRange,
    CopiedRange,
    CopiedRange,
    CopiedRange,
    CopiedRange,
  ]
  assert.match(copyVerdict([]), /0 of the 50 rows of \/t\/a.parquet were copied/)
  assert.match(copyVerdict([first, rest, third, fourth]), /25 of the 50 rows of \/t\/a.parquet/)
  // One of two inputs twice has the right number of rows, too.
  assert.match(
    copyVerdict([first, second, first, second]),
    /the row group at 4 of \/t\/a.parquet was copied more than once/,
  )
  assert.match(copyVerdict([first, rowGroup(A, 9), third, fourth]), /at 9 of \/t\/a.parquet was copied more than once/)
  assert.match(
    copyVerdict([...COPIED, rowGroup('/t/c.parquet', 4)]),
    /of \/t\/c.parquet were copied, which is not part/,
  )
  assert.match(copyVerdict([...COPIED.slice(1), { ...first, crcWritten: 8 }]), /has CRC 7, its copy 8/)
})
