import type { FormatVersion } from '@moraine/iceberg/metadata/table-metadata'
import type { PartitionSpec } from '@moraine/iceberg/partition/partition-spec'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { unreachable } from '@moraine/stdx/assert'
import type { AttemptOutput } from '../plan/output-names.ts'
import type { DataInput, RewriteGroup } from '../plan/rewrite-plan.ts'
import type {
  CopiedRange,
  OutputDataFile,
  OutputDeleteFile,
  RewriteEvidence,
  RewriteResult,
} from '../plan/rewrite-result.ts'
import { dataFileFault } from './data-file-fault.ts'
import { outputNameFault } from './output-name-fault.ts'
import { partitionFault } from './partition-fault.ts'

export type Verdict = { readonly kind: 'verified' } | { readonly kind: 'refused'; readonly reason: string }

/** What an attempt was told to do, and how to name its files. */
export type VerifiedTask = {
  readonly group: RewriteGroup
  readonly output: AttemptOutput
  readonly baseSequenceNumber: number
}

export type VerifyContext = {
  readonly formatVersion: FormatVersion
  /** The schema the outputs were written with. */
  readonly schema: Schema
  readonly partitionSpecs: readonly PartitionSpec[]
}

/**
 * Decides whether a group's outputs are proven to hold exactly the rows that its inputs hold after their deletes, and are
 * files of this attempt. Runs before every commit; there is no way around it. The first fault found is the reason, with
 * both figures.
 */
export function verifyGroup(task: VerifiedTask, result: RewriteResult, context: VerifyContext): Verdict {
  const { group } = task
  const fault =
    identityFault(group, result) ??
    evidenceFault(group, result) ??
    outputFault(group, result, context) ??
    outputNameFault(task, result, context)
  return fault === undefined ? { kind: 'verified' } : { kind: 'refused', reason: `group ${group.groupId}: ${fault}` }
}

function identityFault(group: RewriteGroup, result: RewriteResult): string | undefined {
  if (result.groupId !== group.groupId) return `the result is of group ${result.groupId}`
  if ((group.method.kind === 'convert-deletes') !== (result.method.kind === 'convert-deletes')) {
    return `planned as ${group.method.kind}, done as ${result.method.kind}`
  }
  if (result.method.kind === 'concat' && group.inputs.some((input) => input.deletes.length > 0)) {
    return 'row groups were copied although deletes apply to them'
  }
  const evidence = { 'convert-deletes': 'deleted-positions', concat: 'copied-ranges', rewrite: 'row-hash' }[
    result.method.kind
  ]
  if (result.evidence.kind !== evidence)
    return `${result.method.kind} needs evidence of ${evidence}, not ${result.evidence.kind}`
  const inputs = new Set(group.inputs.map((input) => input.filePath))
  const keys = [...result.dataFiles, ...result.deleteFiles.map(vectorKey)].map((file) => file.filePath)
  if (new Set(keys).size !== keys.length) return 'two outputs have the same path'
  const paths = [...result.dataFiles, ...result.deleteFiles].map((file) => file.filePath)
  const reused = paths.find((path) => inputs.has(path))
  return reused === undefined ? undefined : `output ${reused} is also an input`
}

// Several vectors may share a file; they differ by their place in it.
function vectorKey(file: RewriteResult['deleteFiles'][number]): { readonly filePath: string } {
  return { filePath: file.fileFormat === 'puffin' ? `${file.filePath}#${file.contentOffset}` : file.filePath }
}

function evidenceFault(group: RewriteGroup, result: RewriteResult): string | undefined {
  const { evidence } = result
  switch (evidence.kind) {
    case 'row-hash':
      return rowHashFault(group, evidence)
    case 'copied-ranges':
      return copiedRangesFault(group, evidence)
    case 'deleted-positions':
      return deletedPositionsFault(group, result, evidence)
    default:
      return unreachable(evidence)
  }
}

type Evidence<Kind extends RewriteEvidence['kind']> = Extract<RewriteEvidence, { kind: Kind }>

function rowHashFault(group: RewriteGroup, evidence: Evidence<'row-hash'>): string | undefined {
  const planned = totalRows(group.inputs)
  if (evidence.inputRows !== planned)
    return `manifests count ${planned} input rows, the files hold ${evidence.inputRows}`
  if (evidence.inputRows - evidence.deletedRows !== evidence.outputRows) {
    return `${evidence.inputRows} rows less ${evidence.deletedRows} deleted is not the ${evidence.outputRows} written`
  }
  const vectorRows = rowsInVectors(group)
  if (vectorRows !== undefined && vectorRows !== evidence.deletedRows) {
    return `deletion vectors hold ${vectorRows} positions, ${evidence.deletedRows} rows were deleted`
  }
  if (evidence.inputHash !== evidence.outputHash) {
    return `row hash of the inputs less their deletes is ${evidence.inputHash}, of the outputs ${evidence.outputHash}`
  }
  return undefined
}

// Vectors name each deleted row once, so where nothing else deletes, their cardinalities are the exact count.
function rowsInVectors(group: RewriteGroup): number | undefined {
  if (!group.deletes.every((each) => each.fileFormat === 'puffin')) return undefined
  return group.deletes.reduce((sum, each) => sum + each.recordCount, 0)
}

function copiedRangesFault(group: RewriteGroup, evidence: Evidence<'copied-ranges'>): string | undefined {
  const planned = totalRows(group.inputs)
  if (evidence.inputRows !== planned)
    return `manifests count ${planned} input rows, the files hold ${evidence.inputRows}`
  if (evidence.inputRows !== evidence.outputRows)
    return `${evidence.inputRows} rows were read and ${evidence.outputRows} written`
  const damaged = evidence.ranges.find((range) => range.crcRead !== range.crcWritten)
  if (damaged !== undefined)
    return `a copied range of ${damaged.bytes} bytes has CRC ${damaged.crcRead}, its copy ${damaged.crcWritten}`
  return rowGroupsFault(group, evidence.ranges)
}

/** Every row group of every input must have been copied, and none of them twice. */
function rowGroupsFault(group: RewriteGroup, ranges: readonly CopiedRange[]): string | undefined {
  const copied = ranges.flatMap(({ rowGroup, bytes }) => (rowGroup === undefined ? [] : [{ ...rowGroup, bytes }]))
  const byFile = Map.groupBy(copied, (each) => each.dataFile)
  for (const { filePath, recordCount } of group.inputs) {
    const own = (byFile.get(filePath) ?? []).toSorted((a, b) => a.offset - b.offset)
    const again = own.find((each, at) => each.offset < (own[at - 1]?.offset ?? 0) + (own[at - 1]?.bytes ?? 0))
    if (again !== undefined) return `the row group at ${again.offset} of ${filePath} was copied more than once`
    const rows = own.reduce((sum, each) => sum + each.rows, 0)
    if (rows !== recordCount) return `${rows} of the ${recordCount} rows of ${filePath} were copied`
    byFile.delete(filePath)
  }
  const [stray] = byFile.keys()
  return stray === undefined ? undefined : `row groups of ${stray} were copied, which is not part of the group`
}

function deletedPositionsFault(
  group: RewriteGroup,
  result: RewriteResult,
  evidence: Evidence<'deleted-positions'>,
): string | undefined {
  if (result.dataFiles.length > 0) return 'converting deletes wrote data files'
  const inputs = new Map(group.inputs.map((input) => [input.filePath, input]))
  if (evidence.files.length !== inputs.size)
    return `${inputs.size} files were to be converted, ${evidence.files.length} are reported`
  const written = new Map(result.deleteFiles.map((file) => [file.referencedDataFile, file.recordCount]))
  for (const file of evidence.files) {
    const input = inputs.get(file.dataFile)
    if (input === undefined) return `${file.dataFile} is not part of the group`
    if (file.recordCount !== input.recordCount) {
      return `${file.dataFile} holds ${file.recordCount} rows, its manifest says ${input.recordCount}`
    }
    const kept = written.get(file.dataFile) ?? 0
    if (
      file.deletedRows !== file.writtenPositions ||
      file.deletedRows !== kept ||
      file.deletedRows > file.recordCount
    ) {
      return `${file.dataFile}: deletes hit ${file.deletedRows} of ${file.recordCount} rows, ${file.writtenPositions} positions were written, the file lists ${kept}`
    }
  }
  const stray = result.deleteFiles.find((file) => !inputs.has(file.referencedDataFile))
  return stray === undefined
    ? undefined
    : `${stray.filePath} deletes from ${stray.referencedDataFile}, which is not part of the group`
}

function outputFault(group: RewriteGroup, result: RewriteResult, context: VerifyContext): string | undefined {
  if (result.evidence.kind === 'deleted-positions') return deleteFilesFault(result.deleteFiles, context)
  const [stray] = result.deleteFiles
  if (stray !== undefined) return `${stray.filePath}: a ${result.method.kind} writes no deletes`
  const rows = result.dataFiles.reduce((sum, file) => sum + file.recordCount, 0)
  if (rows !== result.evidence.outputRows)
    return `${result.evidence.outputRows} rows were written, the output files count ${rows}`
  // Inputs without row ids (a table just upgraded to v3) are given new ones by the commit.
  const needsLineage = context.formatVersion >= 3 && group.inputs.every((input) => input.firstRowId !== undefined)
  for (const file of result.dataFiles) {
    const fault = dataFileFault(file, context.schema, needsLineage) ?? placeFault(file, group, context)
    if (fault !== undefined) return `${file.filePath}: ${fault}`
  }
  return undefined
}

/** The format that the table's version wants, and one file or vector for each data file: several would add up. */
function deleteFilesFault(
  deleteFiles: readonly OutputDeleteFile[],
  { formatVersion }: VerifyContext,
): string | undefined {
  const wanted = formatVersion < 3 ? 'parquet' : 'puffin'
  const targets = new Set<string>()
  for (const file of deleteFiles) {
    if (file.fileFormat !== wanted)
      return `${file.filePath}: deletes of format version ${formatVersion} are written to ${wanted}, not ${file.fileFormat}`
    if (targets.has(file.referencedDataFile)) return `${file.referencedDataFile} was given deletes twice`
    targets.add(file.referencedDataFile)
  }
  return undefined
}

function placeFault(
  { movedTo, ...file }: OutputDataFile,
  group: RewriteGroup,
  { schema, partitionSpecs }: VerifyContext,
): string | undefined {
  if (movedTo === undefined) return undefined
  if (movedTo.specId !== group.outputSpecId)
    return `its rows were moved to partition spec ${movedTo.specId}, planned was ${group.outputSpecId ?? 'to leave them'}`
  const spec = partitionSpecs.find(({ specId }) => specId === movedTo.specId)
  return spec === undefined
    ? `the table has no partition spec ${movedTo.specId}`
    : partitionFault(file, movedTo.partition, spec, schema)
}

function totalRows(inputs: readonly DataInput[]): number {
  return inputs.reduce((sum, input) => sum + input.recordCount, 0)
}
