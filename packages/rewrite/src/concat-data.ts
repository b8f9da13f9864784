import { dataFileLocation } from '@moraine/maintenance/plan/output-names'
import type { DataInput } from '@moraine/maintenance/plan/rewrite-plan'
import type { CopiedRange, OutputDataFile } from '@moraine/maintenance/plan/rewrite-result'
import type { RewriteTask } from '@moraine/maintenance/plan/rewrite-task'
import type { ConcatInput, ConcatPlan } from '@moraine/parquet/concat/concat-plan'
import { loadConcatSource } from '@moraine/parquet/concat/concat-source'
import { planConcat } from '@moraine/parquet/concat/plan-concat'
import { type ConcatResult, runConcat } from '@moraine/parquet/concat/run-concat'
import { type VerifiedRange, verifyConcat } from '@moraine/parquet/concat/verify-concat'
import type { SchemaNode } from '@moraine/parquet/footer/schema-tree'
import type { RangeReader } from '@moraine/parquet/range-reader'
import { mapBounded } from '@moraine/stdx/bounded'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import { CREATED_BY } from './created-by.ts'
import { outputMetrics } from './output/output-metrics.ts'
import { outputFiles } from './output/output-size.ts'
import type { PublishedFiles } from './output/published-files.ts'
import { localReader } from './staging/local-reader.ts'
import { namingFile } from './staging/naming-file.ts'
import { PageChecksums } from './staging/page-checksums.ts'
import { checkSchemaWitness } from './staging/schema-witness.ts'
import { STAGING_LIMIT } from './staging/stage-inputs.ts'
import type { TaskContext } from './task-context.ts'
import type { TaskOutcome } from './task-outcome.ts'

export type ConcatOutcome = TaskOutcome | { readonly kind: 'refused'; readonly reason: string }

/**
 * Copies the row groups of the inputs into new files, straight from store to store. Every output is planned from the
 * footers before the first byte is written; if one of the inputs does not fit, nothing has happened yet and a rewrite is
 * needed. What was written is read back, and each copied range compared by its CRC.
 */
export async function concatData(
  task: RewriteTask,
  context: TaskContext,
  published: PublishedFiles,
): Promise<ConcatOutcome> {
  const planned = await planOutputs(task, context)
  if ('kind' in planned) return planned
  const total = planned.reduce((sum, { plan }) => sum + plan.sizeBytes, 0)
  let before = 0
  const dataFiles: OutputDataFile[] = []
  const ranges: CopiedRange[] = []
  context.onProgress({ phase: 'writing', fraction: 0 })
  for (const [at, { inputs, plan }] of planned.entries()) {
    const filePath = dataFileLocation(task.output, at)
    const written = before
    const verified = await writeOutput(filePath, inputs, plan, context, published, (bytes) =>
      context.onProgress({ phase: 'writing', fraction: (written + bytes) / total }),
    )
    ranges.push(...copiedRanges(verified, inputs, plan))
    before += plan.sizeBytes
    dataFiles.push({
      filePath,
      recordCount: plan.rows,
      fileSizeBytes: plan.sizeBytes,
      sortOrderId: 0,
      metrics: outputMetrics(plan.footer, 'other').metrics,
      splitOffsets: plan.splitOffsets,
    })
  }
  const rows = dataFiles.reduce((sum, file) => sum + file.recordCount, 0)
  return {
    method: { kind: 'concat', reason: task.group.method.reason },
    dataFiles,
    deleteFiles: [],
    evidence: {
      kind: 'copied-ranges',
      inputRows: task.group.inputs.reduce((sum, input) => sum + input.recordCount, 0),
      outputRows: rows,
      ranges,
    },
  }
}

/** The plan says where each range came from: both are in the order of the output. */
function copiedRanges(
  verified: readonly VerifiedRange[],
  inputs: readonly DataInput[],
  { pieces, footer }: ConcatPlan,
): readonly CopiedRange[] {
  let rowGroups = 0
  return verified.map(({ length, crc, crcWritten }, at) => {
    const piece = pieces[at]
    const range = { bytes: length, crcRead: crc, crcWritten }
    if (piece?.kind !== 'copy' || piece.what !== 'row-group') return range
    const rows = footer.metadata.rowGroups[rowGroups]?.numRows ?? 0
    rowGroups += 1
    const dataFile = inputs[piece.input]?.filePath ?? ''
    return { ...range, rowGroup: { dataFile, offset: piece.inputOffset, rows } }
  })
}

type PlannedOutput = { readonly inputs: readonly DataInput[]; readonly plan: ConcatPlan }
type Refusal = { readonly kind: 'refused'; readonly reason: string }

async function planOutputs(task: RewriteTask, context: TaskContext): Promise<readonly PlannedOutput[] | Refusal> {
  if (task.group.inputs.some((input) => input.deletes.length > 0)) {
    return { kind: 'refused', reason: 'deletes apply to the files' }
  }
  // Rows of a table that was just upgraded have no ids yet; the commit gives them some.
  const rowLineage = task.table.formatVersion >= 3 && task.group.inputs.some((input) => input.firstRowId !== undefined)
  let done = 0
  const sources = await mapBounded(
    task.group.inputs,
    STAGING_LIMIT,
    async (input, signal) => {
      const source = await namingFile(input.filePath, () => loadSource(context.io, input, signal))
      done += 1
      context.onProgress({ phase: 'staging', fraction: done / task.group.inputs.length })
      return source
    },
    context.signal,
  )
  // Parts of a variant have no ids of their own.
  const isUnnamed = (column: SchemaNode) => column.element.fieldId === undefined
  const unnamed = sources.find(({ source }) => source.footer.schema.children.some(isUnnamed))
  if (unnamed !== undefined) {
    return { kind: 'refused', reason: `${unnamed.source.footer.file.name} has columns without field ids` }
  }
  const outputs: PlannedOutput[] = []
  for (const members of splitInputs(task.group.inputs, task.group.targetSizeBytes)) {
    const inputs = members.map((at) => sources[at]).filter((source) => source !== undefined)
    const plan = planConcat(inputs, { rowLineage, createdBy: CREATED_BY })
    if (plan.kind === 'refused') return plan
    outputs.push({ inputs: members.flatMap((at) => task.group.inputs[at] ?? []), plan })
  }
  return outputs
}

async function loadSource(io: FileIO, input: DataInput, signal: AbortSignal): Promise<ConcatInput> {
  const { filePath, recordCount, firstRowId, dataSequenceNumber } = input
  const found = await io.stat(filePath, signal)
  if (found === undefined)
    throw new MoraineError('not-found', `${filePath}, which the table's metadata names, is missing`)
  if (found.sizeBytes !== input.fileSizeBytes) {
    throw new MoraineError(
      'corrupt',
      `${filePath} has ${found.sizeBytes} bytes, its manifest says ${input.fileSizeBytes}`,
    )
  }
  const source = await loadConcatSource(rangeReader(io, input), filePath, signal)
  checkSchemaWitness(source.footer)
  const rows = source.footer.metadata.numRows
  if (rows !== recordCount) {
    throw new MoraineError('corrupt', `${filePath} holds ${rows} rows, its manifest says ${recordCount}`)
  }
  if (firstRowId === undefined) return { source }
  return { source, lineage: { firstRowId, sequenceNumber: BigInt(dataSequenceNumber) } }
}

// Local files directly: large reads through the layers of a FileIO cannot reuse memory, since a layer may give up a read
// that goes on.
function rangeReader(io: FileIO, file: { readonly filePath: string; readonly fileSizeBytes: number }): RangeReader {
  const path = io.localPath?.(file.filePath)
  if (path !== undefined) return localReader(path, file.fileSizeBytes)
  return {
    sizeBytes: file.fileSizeBytes,
    readRange: (offset, length, signal) => io.readRange(file.filePath, offset, length, signal),
  }
}

/** Positions of the inputs of each output: neighbours, divided so that the outputs are about equally large. */
function splitInputs(inputs: readonly DataInput[], targetBytes: number): readonly (readonly number[])[] {
  const total = inputs.reduce((sum, input) => sum + input.fileSizeBytes, 0)
  const files = outputFiles(total, targetBytes)
  const outputs: number[][] = Array.from({ length: files }, () => [])
  let before = 0
  for (const [at, { fileSizeBytes }] of inputs.entries()) {
    // By where the middle of the file falls in the row of all bytes.
    const output = Math.floor(((before + fileSizeBytes / 2) / total) * files)
    outputs[Math.min(output, files - 1)]?.push(at)
    before += fileSizeBytes
  }
  return outputs.filter((output) => output.length > 0)
}

async function writeOutput(
  filePath: string,
  inputs: readonly DataInput[],
  plan: ConcatPlan,
  context: TaskContext,
  published: PublishedFiles,
  onProgress: (bytes: number) => void,
): Promise<readonly VerifiedRange[]> {
  const readers = inputs.map((input) => rangeReader(context.io, input))
  const writer = await published.create(filePath, context.signal)
  const result = await runConcat(plan, readers, writer, context.signal, onProgress)
    .then(async (finished) => {
      await writer.close()
      return finished
    })
    .catch(async (error: unknown) => {
      await writer.abort()
      throw error
    })
  return verifyOutput(filePath, inputs, plan, result, context)
}

// The copies' CRCs say that they are what was read. The pages' own checksums say that it was right to begin with.
async function verifyOutput(
  filePath: string,
  inputs: readonly DataInput[],
  plan: ConcatPlan,
  result: ConcatResult,
  context: TaskContext,
): Promise<readonly VerifiedRange[]> {
  const reader = rangeReader(context.io, { filePath, fileSizeBytes: plan.sizeBytes })
  const checksums = new PageChecksums(plan.footer)
  // Reads run ahead of one another; the checksums take their bytes in order.
  let last: Promise<void> = Promise.resolve()
  const push = async (reading: Promise<Uint8Array>): Promise<Uint8Array> => {
    const before = last
    last = Promise.all([reading, before]).then(([bytes]) => checksums.push(bytes))
    await last
    return reading
  }
  const { readInto } = reader
  const checked: RangeReader = {
    sizeBytes: reader.sizeBytes,
    readRange: (offset, length, signal) => push(reader.readRange(offset, length, signal)),
    ...(readInto !== undefined && {
      readInto: async (offset: number, into: Uint8Array, signal?: AbortSignal) => {
        await push(readInto(offset, into, signal).then(() => into))
      },
    }),
  }
  try {
    return await verifyConcat(result, checked, context.signal)
  } catch (error) {
    const offset = isKind(error, 'corrupt') ? error.context['pageOffset'] : undefined
    if (typeof offset !== 'number') throw error
    const piece = plan.pieces.findLast(({ outputOffset }) => outputOffset <= offset)
    const source = piece?.kind === 'copy' ? inputs[piece.input] : undefined
    if (source === undefined) throw error
    throw new MoraineError(
      'corrupt',
      `${source.filePath} is damaged: a page that was copied from it has another checksum than it says. Restore the file, or remove it from the table`,
      { cause: error },
    )
  }
}
