import type { ReadPlan } from '../read-plan/read-plan.ts'
import { type SourceColumn, tableColumn } from '../read-plan/row-source.ts'
import { type PreparedFile, prepareFile } from '../staging/prepared-file.ts'
import { type FinishedOutput, finishOutput } from './finish-output.ts'
import { fixedLengths, writeFixedColumns } from './fixed-columns.ts'
import type { WrittenFile } from './write-rows.ts'

/** A finished output, ready to be read as any reader would: by the field ids of its own footer. */
export type PreparedOutput = FinishedOutput & { readonly file: PreparedFile; readonly partition: number }

export async function prepareOutputs(
  written: readonly WrittenFile[],
  plan: ReadPlan,
  signal: AbortSignal,
): Promise<readonly PreparedOutput[]> {
  const lengths = fixedLengths(plan.fields)
  const outputs: PreparedOutput[] = []
  for (const { path, partition } of written) {
    const exact = lengths.size === 0 ? path : `${path}.fixed`
    if (exact !== path) await writeFixedColumns(path, exact, lengths)
    const finished = await finishOutput(exact, plan.fields)
    const recordCount = finished.footer.metadata.numRows
    // DuckDB writes a file also for no rows.
    if (recordCount === 0) continue
    const staged = { location: exact, path: exact, isShared: true }
    const file = await prepareFile(staged, { recordCount, dataSequenceNumber: 0 }, plan, signal)
    outputs.push({ ...finished, file, partition })
  }
  return outputs
}

/** The columns of the outputs, read from the outputs. */
export function outputColumns(plan: ReadPlan): readonly SourceColumn[] {
  return plan.fields.map((field, at) => tableColumn(field, plan.names[at] ?? '', new Map()))
}
