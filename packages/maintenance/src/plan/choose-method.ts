import { counted } from '@moraine/stdx/human-text'
import type { Bin } from './pack-groups.ts'
import type { DataInput, RewriteMethod } from './rewrite-plan.ts'

// Below both, readers pay more for many small row groups than the copy saves (measured: 26 % slower scans at 5,000 rows a
// group, none at 50,000).
const MIN_ROW_GROUP_ROWS = 20_000
const MIN_ROW_GROUP_BYTES = 1024 * 1024

/** The cheapest method that suffices for a bin, and why. What only the footers can tell is left to the executor. */
export function chooseMethod(
  bin: Bin,
  inputs: readonly DataInput[],
  { isSorted, outputSpecId }: { readonly isSorted: boolean; readonly outputSpecId: number | undefined },
): RewriteMethod {
  if (bin.kind === 'convert') {
    return {
      kind: 'convert-deletes',
      reason: 'the data files have the right size; only their deletes are slow to apply',
    }
  }
  const deletes = inputs.filter((input) => input.deletes.length > 0).length
  if (deletes > 0)
    return {
      kind: 'rewrite',
      reason: `${deletes} of ${counted(inputs.length, 'file')} ${deletes === 1 ? 'has' : 'have'} deletes to apply`,
    }
  if (outputSpecId !== undefined)
    return { kind: 'rewrite', reason: `the files are of an older partition spec; the table's is ${outputSpecId}` }
  if (isSorted) return { kind: 'rewrite', reason: 'the table has a sort order' }
  const small = smallRowGroups(inputs)
  if (small !== undefined) return { kind: 'rewrite', reason: small }
  return { kind: 'concat', reason: 'no deletes and no sort order: row groups can be copied as they are' }
}

// Files that do not list their row groups are taken to have one.
function smallRowGroups(inputs: readonly DataInput[]): string | undefined {
  let groups = 0
  let rows = 0
  let bytes = 0
  for (const input of inputs) {
    groups += Math.max(1, input.splitOffsets?.length ?? 1)
    rows += input.recordCount
    bytes += input.fileSizeBytes
  }
  if (rows / groups >= MIN_ROW_GROUP_ROWS || bytes / groups >= MIN_ROW_GROUP_BYTES) return undefined
  return `row groups are small: ${Math.round(rows / groups)} rows and ${Math.round(bytes / groups / 1024)} KiB on average`
}
